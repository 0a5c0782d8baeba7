import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultMemberName } from "./member-name.ts";

for (const [user, host, name] of [
  ["alice", "laptop", "alice"],
  ["root", "gpu-3.example.org", "gpu-3"],
  ["Jürgen Müller", "laptop", "jurgen-muller"],
  ["DOMAIN\\bob", "laptop", "domain-bob"],
  ["", "", "member"],
  ["_www", "web", "www"],
] as const) {
  test(`user ${JSON.stringify(user)} on ${JSON.stringify(host)} is called ${name}`, () =>
    assert.equal(defaultMemberName(user, host), name));
}
