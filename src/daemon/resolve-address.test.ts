import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAddress } from "../protocol/address.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { Directory } from "./parts.ts";
import { resolveAddress } from "./resolve-address.ts";

const bob = "b".repeat(64);
const self = { memberId: "a".repeat(64), name: "ada" };
const directory: Directory = {
  members: [
    { member_id: self.memberId, name: "ada", role: "owner", online: true, agents: [], last_seen_at: null },
    { member_id: bob, name: "bob", role: "member", online: false, agents: [], last_seen_at: null },
  ],
  topics: [{ topic_id: "t1", name: "deploys", subscribers: 2, subscribed: true }],
  queues: [{ name: "mails" }],
};

describe("an address", () => {
  const resolve = (text: string, known: Directory | null = directory) =>
    resolveAddress(parseAddress(text), known, self);

  it("resolves to where the envelope goes", () => {
    assert.deepEqual(resolve("@bob"), { kind: "dm", ref: bob });
    assert.deepEqual(resolve("@BOB/Reviewer"), { kind: "dm", ref: `${bob}/reviewer` });
    assert.deepEqual(resolve(`@${bob}`), { kind: "dm", ref: bob });
    assert.deepEqual(resolve("#Deploys"), { kind: "topic", ref: "deploys" });
  });

  it("of this member resolves before any directory was seen; others wait for one", () => {
    assert.deepEqual(resolve("@ada", null), { kind: "dm", ref: self.memberId });
    assert.deepEqual(resolve(`@${self.memberId}/x`, null), { kind: "dm", ref: `${self.memberId}/x` });
    for (const text of ["@bob", `@${bob}`, "#deploys", "queue:mails"])
      assert.throws(() => resolve(text, null), { code: "directory_unavailable" });
  });

  it("that does not exist is refused with near names", () => {
    const suggestions = (text: string): unknown => {
      try {
        resolve(text);
      } catch (error) {
        assert.ok(error instanceof ClaudemeshError);
        assert.equal(error.code, "unknown_destination");
        return error.details["suggestions"];
      }
      return assert.fail("resolved");
    };
    assert.deepEqual(suggestions("@bop"), ["@bob"]);
    assert.deepEqual(suggestions("#deploy"), ["#deploys"]);
    assert.deepEqual(suggestions("@zzzzzz"), []);
    assert.deepEqual(suggestions(`@${"c".repeat(64)}`), []);
    assert.deepEqual(suggestions("queue:jobs"), []);
    assert.deepEqual(suggestions("queue:mail"), ["queue:mails"]);
  });

  it("of an agent is refused where all agents of its member are told, and goes to a former name too", () => {
    const [me, bobby] = directory.members;
    const told = (agents_told: { former: string[]; online: string[] } | undefined): Directory => ({
      ...directory,
      members: [
        me ?? assert.fail(),
        { ...(bobby ?? assert.fail()), agents: ["reviewer"], ...(agents_told === undefined ? {} : { agents_told }) },
      ],
    });
    const known = told({ former: ["shop"], online: [] });
    for (const agent of ["reviewer", "shop"])
      assert.deepEqual(resolve(`@bob/${agent}`, known), { kind: "dm", ref: `${bob}/${agent}` });
    assert.throws(() => resolve("@bob/reviwer", known), {
      code: "unknown_destination",
      message: "@bob has no agent reviwer",
      details: { to: "@bob/reviwer", suggestions: ["@bob/reviewer"] },
    });
    assert.deepEqual(resolve("@bob/reviwer", told(undefined)), { kind: "dm", ref: `${bob}/reviwer` });
    const wrote = (memberId: string, agent: string): boolean => memberId === bob && agent === "newcomer";
    const agents = { nameOf: () => null, names: () => [], hasWritten: wrote };
    const answer = (text: string) => resolveAddress(parseAddress(text), known, self, agents);
    assert.deepEqual(answer("@bob/newcomer"), { kind: "dm", ref: `${bob}/newcomer` }, "it wrote before it was told of");
    assert.throws(() => answer("@bob/nobody"), { code: "unknown_destination" });
  });

  it("of an agent of this member is judged by its own daemon, which knows the newest", () => {
    const nameOf = (name: string) => (name === "shop" ? "reviewer" : null);
    const own = { nameOf, names: () => ["reviewer"], hasWritten: () => false };
    const of = (text: string) => resolveAddress(parseAddress(text), null, self, own);
    assert.deepEqual(of("@ada/shop"), { kind: "dm", ref: `${self.memberId}/shop` });
    assert.throws(() => of("@ada/shopp"), { code: "unknown_destination", message: "@ada has no agent shopp" });
  });
});
