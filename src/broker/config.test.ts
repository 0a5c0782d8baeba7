import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultBrokerConfig, parseBrokerConfig, readBrokerConfig } from "./config.ts";

test("a broker without config.toml has the defaults", () => {
  assert.deepEqual(readBrokerConfig("/nonexistent/config.toml"), defaultBrokerConfig);
});

test("every key is read", () => {
  const source = [
    "[listen]",
    'authorities = ["mesh.example:8443", "[::1]:7000"]',
    "[rate_limit]",
    "member_per_second = 1",
    "member_burst = 2",
    "mesh_per_second = 3",
    "mesh_burst = 4",
    "[retention]",
    "message_days = 5",
    'dedupe_mode = "permanent"',
    "dedupe_days = 6",
  ].join("\n");
  assert.deepEqual(parseBrokerConfig(source, "c.toml"), {
    listen: { authorities: ["mesh.example:8443", "[::1]:7000"] },
    rate_limit: { member_per_second: 1, member_burst: 2, mesh_per_second: 3, mesh_burst: 4 },
    retention: { message_days: 5, dedupe_mode: "permanent", dedupe_days: 6 },
  });
});

for (const [what, source] of [
  ["an authority with a path", '[listen]\nauthorities = ["mesh.example/x"]\n'],
  ["an authority with a scheme", '[listen]\nauthorities = ["wss://mesh.example"]\n'],
  ["a rate of nothing", "[rate_limit]\nmesh_burst = 0\n"],
  ["an unknown mode", '[retention]\ndedupe_mode = "forever"\n'],
] as const) {
  test(`${what} is refused, naming the line`, () => {
    assert.throws(() => parseBrokerConfig(source, "c.toml"), { code: "invalid_config", message: /^c\.toml:2: / });
  });
}
