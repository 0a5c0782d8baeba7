import assert from "node:assert/strict";
import { it } from "node:test";
import { newIdentity } from "../testing/peer.ts";
import type { On } from "./store-bench.fixture.ts";

/** What a store keeps of the hosts of members. */
export function hosts(on: On): void {
  it("keeps what a member's daemon tells of its host, and says what is news of it", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob } = under;
    const note = (print: string | null, reason: "host_id" | "wired_address" | null, now: number) =>
      store.noteHost(meshId, bob.memberId, { print, reason }, now);
    assert.deepEqual((await store.member(meshId, bob.memberId))?.host, {
      print: null,
      reason: null,
      suspectedAt: null,
    });
    assert.equal(await note("a", null, 10), null);
    assert.equal(await note("a", null, 11), null);
    assert.equal(await note("b", null, 12), "host_changed");
    assert.equal(await note("b", "wired_address", 13), "wired_address");
    assert.equal(await note("b", "wired_address", 14), null);
    assert.equal(await note("c", "wired_address", 15), "wired_address");
    assert.equal(await note(null, "host_id", 16), "host_id");
    assert.equal(await note(null, null, 17), null);
    assert.deepEqual((await store.member(meshId, bob.memberId))?.host, {
      print: "c",
      reason: "host_id",
      suspectedAt: 16,
    });
    assert.equal(await note("c", null, 18), null, "the flag is gone");
    assert.equal((await store.member(meshId, alice.memberId))?.host.print, null);
    const again = await under.reopen();
    assert.deepEqual((await again.members(meshId)).find(({ member_id }) => member_id === bob.memberId)?.host, {
      print: "c",
      reason: null,
      suspectedAt: 16,
    });
  });

  it("says nothing of a print that comes with what was said before", async (t) => {
    const { store, meshId, bob } = await on(t);
    const note = (print: string | null) => store.noteHost(meshId, bob.memberId, { print, reason: "host_id" }, 10);
    assert.deepEqual([await note(null), await note("a"), await note("b")], ["host_id", null, "host_id"]);
  });

  it("says one change of a host to one of those who tell it at the same time", async (t) => {
    const { store, meshId, bob } = await on(t);
    const note = (print: string) => store.noteHost(meshId, bob.memberId, { print, reason: null }, 10);
    await note("a");
    const news = await Promise.all(Array.from({ length: 10 }, () => note("b")));
    assert.equal(news.filter((one) => one === "host_changed").length, 1);
  });

  it("changes nothing of a member by the host of another, or of nobody's", async (t) => {
    const { store, meshId } = await on(t);
    const before = await store.members(meshId);
    await store.noteHost(meshId, newIdentity().memberId, { print: "x", reason: null }, 10).catch(() => undefined);
    assert.deepEqual(await store.members(meshId), before);
  });
}
