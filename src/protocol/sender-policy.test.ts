import assert from "node:assert/strict";
import { test } from "node:test";
import type { SenderPolicies, SenderPolicy, SenderPolicyView } from "./offers-api.ts";
import { policyOf } from "./sender-policy.ts";

const now = Date.parse("2026-01-01T12:00:00Z");
const signed = { from: { member_id: "bob" }, verified: true, via: null };

function line(
  sender: string,
  agent: string | null,
  policy: SenderPolicy,
  until: string | null = null,
): SenderPolicyView {
  return { sender: { member_id: sender, name: null }, agent, policy, until, set_at: "2026-01-01T00:00:00Z" };
}

const held = (items: readonly SenderPolicyView[]): SenderPolicies => ({ items, default: "auto", unverified: "ask" });

test("an agent's own line stands above that for all agents, and that above the settings", () => {
  const lines = held([line("bob", null, "mute"), line("bob", "builder", "auto"), line("eve", null, "block")]);
  assert.equal(policyOf(signed, "builder", lines, now), "auto");
  assert.equal(policyOf(signed, "tester", lines, now), "mute");
  assert.equal(policyOf({ ...signed, from: { member_id: "dan" } }, "tester", lines, now), "auto");
});

test("a line that has ended says nothing", () => {
  const lines = held([line("bob", null, "block", "2026-01-01T12:00:00Z")]);
  assert.equal(policyOf(signed, "builder", lines, now), "auto");
  assert.equal(policyOf(signed, "builder", lines, now - 1), "block");
});

test("of what nobody has signed the stricter one holds", () => {
  const lines = held([line("bob", null, "auto"), line("eve", null, "hold")]);
  for (const unsigned of [
    { ...signed, verified: false },
    { ...signed, via: "api:key" },
  ]) {
    assert.equal(policyOf(unsigned, "builder", lines, now), "ask");
    assert.equal(policyOf({ ...unsigned, from: { member_id: "eve" } }, "builder", lines, now), "hold");
  }
});
