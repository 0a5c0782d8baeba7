import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerConfigKeys, defaultBrokerConfig, parseBrokerConfig } from "../broker/config.ts";
import { configKeys, defaultConfig, parseConfig } from "../daemon/config.ts";
import { keyNames, variableOf } from "../protocol/config-overrides.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { changedSets, checkSets, fromSetArguments, setArguments, settingOverrides } from "./setting-overrides.ts";

const daemon = (env: Record<string, string>, set: Record<string, string> = {}, source = "") =>
  parseConfig(source, "c.toml", settingOverrides("daemon", env, set));
const broker = (env: Record<string, string>, set: Record<string, string> = {}, source = "") =>
  parseBrokerConfig(source, "c.toml", defaultBrokerConfig, settingOverrides("broker", env, set));

/** A text that gives each kind of value that there is, tried in turn until the key takes one. */
const texts = ["3", "3000000", "true", "permanent", "disk", "https://a.example,https://b.example", "mesh.example:443"];
const others = [
  "wss://m.example",
  "/srv/files",
  "sha256-jcs-v1",
  "bucket",
  "us-east-1",
  "claudemesh/",
  "key_epoch",
  "quarantine",
  "warn",
  "auto",
];

test("every setting of both programs is given by its variable and by --set, and reads as in the file", () => {
  for (const [keys, defaults, read] of [
    [configKeys, defaultConfig, daemon],
    [brokerConfigKeys, defaultBrokerConfig, broker],
  ] as const)
    for (const key of keyNames(keys)) {
      assert.deepEqual(read({ [variableOf(key)]: "" }), defaults, "an empty variable gives nothing");
      const [table = "", name = ""] = key.split(".");
      const valueIn = (config: object) => (config as Record<string, Record<string, unknown>>)[table]?.[name];
      let taken = false;
      for (const text of [...texts, ...others]) {
        let byVariable: object;
        // Settings that only hold together are given with what they need.
        const beside = key.startsWith("link.") ? { CLAUDEMESH_LINK_PING_SECONDS: "1" } : {};
        const days = key === "retention.dedupe_days" ? { CLAUDEMESH_RETENTION_MESSAGE_DAYS: "1" } : {};
        try {
          byVariable = read({ ...beside, ...days, [variableOf(key)]: text });
        } catch {
          continue;
        }
        taken = true;
        assert.deepEqual(valueIn(read({ ...beside, ...days }, { [key]: text })), valueIn(byVariable), key);
      }
      assert.ok(taken, `${key}: ${variableOf(key)}`);
    }
});

test("an option stands above the environment, that above the file, that above the default", () => {
  const file = "[link]\nping_seconds = 5\n[outbox]\ndisk_bytes_max = 3000000\n";
  const env = { CLAUDEMESH_LINK_PING_SECONDS: "6" };
  assert.equal(daemon({}).link.ping_seconds, 30);
  assert.equal(daemon({}, {}, file).link.ping_seconds, 5);
  assert.equal(daemon(env, {}, file).link.ping_seconds, 6);
  const all = daemon(env, { "link.ping_seconds": "7" }, file);
  assert.equal(all.link.ping_seconds, 7);
  assert.equal(all.outbox.disk_bytes_max, 3_000_000, "what is not overridden stays the file's");
});

test("lists come with commas between, or as JSON", () => {
  const origins = (text: string) => daemon({ CLAUDEMESH_LOCAL_API_ALLOWED_ORIGINS: text }).local_api.allowed_origins;
  assert.deepEqual(origins("https://a.example, https://b.example"), ["https://a.example", "https://b.example"]);
  assert.deepEqual(origins('["https://a.example"]'), ["https://a.example"]);
  assert.deepEqual(origins("[]"), []);
  assert.throws(() => origins("https://a.example,,https://b.example"), { code: "invalid_config" });
});

test("what is wrong names the variable or the option, and what it takes", () => {
  const refused = (work: () => unknown, name: RegExp, hint: RegExp): void => {
    assert.throws(work, (error) => {
      assert.ok(error instanceof ClaudemeshError && error.code === "invalid_config");
      assert.match(error.message, name);
      assert.match(error.hint ?? "", hint);
      return true;
    });
  };
  refused(
    () => daemon({ CLAUDEMESH_LINK_PING_SECONDS: "soon" }),
    /^CLAUDEMESH_LINK_PING_SECONDS: .*whole number/,
    /CLAUDEMESH_LINK_PING_SECONDS/,
  );
  refused(() => daemon({}, { "link.ping_seconds": "0" }), /^--set link\.ping_seconds: /, /--set link\.ping_seconds/);
  refused(
    () => daemon({ CLAUDEMESH_LINK_PING_SECOND: "5" }),
    /CLAUDEMESH_LINK_PING_SECOND/,
    /`CLAUDEMESH_LINK_PING_SECONDS`/,
  );
  refused(() => broker({ CLAUDEMESH_RATE_LIMIT_MEMBER_BRUST: "5" }), /./, /`CLAUDEMESH_RATE_LIMIT_MEMBER_BURST`/);
  refused(() => daemon({ CLAUDEMESH_LINK_PING_SECONDS: "70" }), /CLAUDEMESH_LINK_PING_SECONDS.*at least twice/, /./);
  refused(() => broker({ CLAUDEMESH_RETENTION_DEDUPE_DAYS: "2" }), /CLAUDEMESH_RETENTION_DEDUPE_DAYS/, /./);
});

test("variables of the other program, and those that are no settings, are left alone", () => {
  const env = {
    CLAUDEMESH_RETENTION_MESSAGE_DAYS: "5",
    CLAUDEMESH_OUTBOX_DISK_BYTES_MAX: "2000000",
    CLAUDEMESH_HOME: "/h",
    CLAUDEMESH_MESH: "team",
    CLAUDEMESH_DEPLOYMENT_DIR: "/d",
    CLAUDEMESH_DAEMON_SOCK: "/s",
    CLAUDEMESH_QUEUE: "jobs",
    LINK_PING_SECOND: "x",
  };
  assert.equal(daemon(env).outbox.disk_bytes_max, 2_000_000);
  assert.equal(broker(env).retention.message_days, 5);
});

test("--set is refused for what no program has or takes, and kept until it is taken back", () => {
  assert.throws(() => checkSets({ "link.ping_second": "5" }, ["daemon"]), {
    code: "usage",
    hint: /link\.ping_seconds/,
  });
  assert.throws(() => checkSets({ "retention.message_days": "5" }, ["daemon"]), { code: "usage" });
  assert.throws(() => checkSets({ "link.ping_seconds": "often" }, ["daemon", "broker"]), { code: "usage" });
  assert.throws(() => checkSets({ "constructor.name": "x" }, ["daemon"]), { code: "usage" });
  checkSets({ "retention.message_days": "5", "link.ping_seconds": null }, ["daemon", "broker"]);

  const asked = { "link.ping_seconds": "5", "retention.message_days": "9" };
  assert.deepEqual(changedSets("daemon", { "files.spool_bytes_max": "3000000" }, asked), {
    "files.spool_bytes_max": "3000000",
    "link.ping_seconds": "5",
  });
  assert.deepEqual(changedSets("broker", asked, { "link.ping_seconds": null }), { "retention.message_days": "9" });
  const record = { "files.s3_prefix": "a=b/", "listen.public_url": "" };
  assert.deepEqual(fromSetArguments(setArguments(record).filter((word) => word !== "--set")), record);
});
