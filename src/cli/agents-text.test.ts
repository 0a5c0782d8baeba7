import assert from "node:assert/strict";
import { test } from "node:test";
import { agentsText } from "./agents-text.ts";

test("of a member's agents those that are there come first, and a line names no more than can be read", () => {
  const agents = Array.from({ length: 300 }, (_, i) => `a${i}`);
  assert.equal(agentsText({ agents: [] }), "none");
  assert.equal(agentsText({ agents: ["b", "a"], agents_online: ["a"] }), "a (online), b");
  assert.equal(
    agentsText({ agents, agents_online: ["a299"] }),
    `a299 (online), ${agents.slice(0, 11).join(", ")} and 288 more`,
  );
  assert.equal(agentsText({ agents: agents.slice(0, 12) }), agents.slice(0, 12).join(", "));
});
