import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultBrokerConfig, parseBrokerConfig, readBrokerConfig } from "./config.ts";

test("a broker without config.toml has the defaults", () => {
  assert.deepEqual(readBrokerConfig("/nonexistent/config.toml"), defaultBrokerConfig);
});

test("a broker's own file sets some keys, and the others are as its deployment's file sets them", () => {
  const shared = parseBrokerConfig(
    '[listen]\nauthorities = ["mesh.example:8787"]\n[rate_limit]\nmesh_burst = 7',
    "d.toml",
  );
  const own = parseBrokerConfig("[listen]\npublic_metrics = true\n[rate_limit]\nmesh_burst = 8", "c.toml", shared);
  assert.deepEqual(own.listen, { authorities: ["mesh.example:8787"], public_url: "", public_metrics: true });
  assert.equal(own.rate_limit.mesh_burst, 8);
  assert.deepEqual(own.retention, defaultBrokerConfig.retention);
});

test("every key is read", () => {
  const source = [
    "[listen]",
    'authorities = ["mesh.example:8443", "[::1]:7000"]',
    'public_url = "wss://mesh.example"',
    "public_metrics = true",
    "[link]",
    "ping_seconds = 7",
    "silence_seconds = 14",
    "[rate_limit]",
    "member_per_second = 1",
    "member_burst = 2",
    "mesh_per_second = 3",
    "mesh_burst = 4",
    "[retention]",
    "message_days = 5",
    'dedupe_mode = "permanent"',
    "dedupe_days = 6",
    "[features]",
    'fingerprint_versions = ["sha256-jcs-v1"]',
    "[files]",
    'store = "s3"',
    'directory = "/var/lib/files"',
    "file_bytes_max = 2048",
    "mesh_bytes_max = 1048576",
    's3_endpoint = "https://s3.example:9000"',
    's3_bucket = "team-files"',
    's3_region = "eu-central-1"',
    's3_prefix = "mesh/a/"',
    "s3_path_style = true",
  ].join("\n");
  assert.deepEqual(parseBrokerConfig(source, "c.toml"), {
    listen: {
      authorities: ["mesh.example:8443", "[::1]:7000"],
      public_url: "wss://mesh.example",
      public_metrics: true,
    },
    link: { ping_seconds: 7, silence_seconds: 14 },
    rate_limit: { member_per_second: 1, member_burst: 2, mesh_per_second: 3, mesh_burst: 4 },
    retention: { message_days: 5, dedupe_mode: "permanent", dedupe_days: 6 },
    features: { fingerprint_versions: ["sha256-jcs-v1"] },
    files: {
      store: "s3",
      directory: "/var/lib/files",
      file_bytes_max: 2_048,
      mesh_bytes_max: 1_048_576,
      s3_endpoint: "https://s3.example:9000",
      s3_bucket: "team-files",
      s3_region: "eu-central-1",
      s3_prefix: "mesh/a/",
      s3_path_style: true,
    },
  });
});

for (const [what, source] of [
  ["an authority with a path", '[listen]\nauthorities = ["mesh.example/x"]\n'],
  ["an authority with a scheme", '[listen]\nauthorities = ["wss://mesh.example"]\n'],
  ["a public address without TLS", '[listen]\npublic_url = "ws://mesh.example"\n'],
  ["a public address with a path", '[listen]\npublic_url = "wss://mesh.example/x"\n'],
  ["a silence of nothing", "[link]\nsilence_seconds = 0\n"],
  ["a rate of nothing", "[rate_limit]\nmesh_burst = 0\n"],
  ["no fingerprint", "[features]\nfingerprint_versions = []\n"],
  ["a fingerprint that is unknown here", '[features]\nfingerprint_versions = ["sha256-jcs-v1", "sha256-jcs-v9"]\n'],
  ["an unknown place of files", '[files]\nstore = "tape"\n'],
  ["a folder of files that is not absolute", '[files]\ndirectory = "files"\n'],
  ["a file larger than there can be", "[files]\nfile_bytes_max = 99000000000\n"],
  ["a bucket that cannot be one", '[files]\ns3_bucket = "A_B"\n'],
  ["a service with a password in its address", '[files]\ns3_endpoint = "https://me:secret@s3.example"\n'],
  ["a prefix that leaves the bucket's part", '[files]\ns3_prefix = "/x"\n'],
  ["an unknown mode", '[retention]\ndedupe_mode = "forever"\n'],
] as const) {
  test(`${what} is refused, naming the line`, () => {
    assert.throws(() => parseBrokerConfig(source, "c.toml"), { code: "invalid_config", message: /^c\.toml:2: / });
  });
}

test("a silence that one lost ping could fill is refused", () => {
  assert.throws(() => parseBrokerConfig("[link]\nping_seconds = 40\n", "c.toml"), {
    code: "invalid_config",
    message: "c.toml: link.silence_seconds (75) must be at least twice link.ping_seconds (40)",
  });
});

test("ids that are kept for less time than messages are refused, unless they are kept for ever", () => {
  const source = "[retention]\nmessage_days = 30\ndedupe_days = 29\n";
  assert.throws(() => parseBrokerConfig(source, "c.toml"), { code: "invalid_config", message: /29 is below .* 30/ });
  assert.equal(parseBrokerConfig(`${source}dedupe_mode = "permanent"\n`, "c.toml").retention.dedupe_days, 29);
});
