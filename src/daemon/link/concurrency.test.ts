import assert from "node:assert/strict";
import { test } from "node:test";
import type { LinkErrorKind } from "../../protocol/link-error-kinds.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import { receiptBytes, sign } from "../../protocol/signing.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { chainPerson } from "../membership/chain.fixture.ts";
import { endHoldOff, heldMs, holdAfterEnd, holdUntil, readHoldOff } from "./hold-off.ts";
import { linkBench, type LinkBench, meshId } from "./link-bench.fixture.ts";
import { createMemberKeys } from "./member-keys.ts";
import { takeReceipts } from "./receipts-in.ts";

const linkOf = async (made: LinkBench) => (await made.get("/v1/health"))["link"] as Record<string, unknown>;

test("a daemon whose link only sends says so as long as that link stands, and by which instance it is known", async (t) => {
  const made = await linkBench(t);
  const link = await made.broker.connection();
  const hello = await link.open({ receives: false });
  await made.link("connected");
  const told = await linkOf(made);
  assert.deepEqual([told["receives"], told["instance_id"]], [false, hello.instance_id]);
  link.socket.close(1012, "service_restart");
  await made.link("waiting");
  assert.equal((await linkOf(made))["receives"], null);
  made.clock.advance(30_000);
  // A broker of an earlier version says nothing of it.
  await made.connected();
  assert.equal((await linkOf(made))["receives"], true);
});

for (const kind of ["replaced_by_newer_connection", "member_already_connected"] as const) {
  test(`a daemon that ends as ${kind} names both instances, in its event and in its last words`, async (t) => {
    const made = await linkBench(t);
    const link = await made.broker.connection();
    link.challenge();
    const { instance_id } = await link.next("hello");
    link.close(kind, "another daemon", { other_instance_id: "the other" });
    const end = await made.daemon.ended;
    assert.deepEqual(end?.details, { detail: "another daemon", instance_id, other_instance_id: "the other" });
    assert.match(end?.hint ?? "", /claudemesh daemon down/);
    const { instance_id: own, other_instance_id: other } = await made.event("link_down");
    assert.deepEqual([own, other], [instance_id, "the other"]);
  });
}

test("listeners hear of a second daemon, of theirs or another member's, and of a changed policy, in words that are known alone", async (t) => {
  const made = await linkBench(t);
  const link = await made.connected();
  const { memberId } = made.self;
  for (const frame of [
    { event: "member_concurrent_connection", member_id: "ab".repeat(32) },
    { event: "member_concurrent_connection", member_id: memberId },
    { event: "concurrency_changed", policy: "prefer_me", by: memberId },
    { event: "concurrency_changed", policy: "prefer_oldest", by: memberId },
  ])
    link.send({ type: "event", ...frame });
  const { at: _then, ...changed } = await made.event("concurrency_changed");
  assert.deepEqual(changed, { policy: "prefer_oldest", by: "ada" });
  const { at: _before, ...told } = await made.event("member_concurrent_connection");
  assert.deepEqual(told, { member_id: memberId, name: "ada", address: "@ada", self: true });
});

test("of receipts that hold, the broker is told which ids nothing here was sent under", async () => {
  const [ada, bob] = [chainPerson("ada", meshId), chainPerson("bob", meshId)];
  const ids = [newUuidV7(1), newUuidV7(2)];
  const group = (signer: typeof bob, items: readonly string[]) => {
    const unsigned = {
      to: ada.memberId,
      from: bob.memberId,
      items: items.map((client_message_id) => ({
        client_message_id,
        request_fingerprint: "a".repeat(64),
        state: "delivered" as const,
        at: rfc3339(0),
      })),
    };
    return { ...unsigned, signature: sign(signer.signingKey, receiptBytes(unsigned, meshId)) };
  };
  const asked: string[] = [];
  const context = {
    identity: { memberId: ada.memberId },
    mesh: { mesh_id: meshId },
    membership: { state: () => null },
    outbox: {
      async applyReceipts(items: readonly { readonly wireId: string }[]) {
        const wireIds = items.map(({ wireId }) => wireId);
        asked.push(...wireIds);
        return wireIds.filter((id) => id === ids[1]);
      },
    },
  } as unknown as Parameters<typeof takeReceipts>[1];
  const take = (...groups: ReturnType<typeof group>[]) =>
    takeReceipts({ type: "receipt", id: 1, groups }, context, async () => undefined, createMemberKeys());
  assert.deepEqual(await take(group(bob, ids)), { unknown: [ids[1]] });
  assert.deepEqual(await take(group(bob, ids.slice(0, 1))), {});
  asked.length = 0;
  assert.deepEqual(await take(group(ada, ids)), {}, "what its receiver did not sign is nobody's");
  assert.deepEqual(asked, []);
});

/** Facts as an inbox keeps them. */
function facts() {
  const kept = new Map<string, string>();
  return {
    fact: (name: string) => kept.get(name) ?? null,
    async setFact(name: string, value: string) {
      kept.set(name, value);
    },
  };
}

test("after ends by another daemon the pauses grow although the link stood in between, until it has stood for an hour", async () => {
  const kept = facts();
  const minute = 60_000;
  let now = 0;
  const pauses: number[] = [];
  async function quarrel(kind: LinkErrorKind, stoodMs: number): Promise<void> {
    now += stoodMs;
    await holdAfterEnd(kept, { kind, reason: "r" }, now);
    const hold = readHoldOff(kept) ?? assert.fail("nothing is held");
    pauses.push(heldMs(hold, now));
    now += heldMs(hold, now);
    await endHoldOff(kept, now);
    assert.equal(heldMs(readHoldOff(kept) ?? hold, now), 0, "the next start does not wait for it");
  }
  for (let times = 0; times < 9; times += 1)
    await quarrel(times % 2 === 0 ? "replaced_by_newer_connection" : "member_already_connected", 10 * minute);
  assert.deepEqual(pauses.slice(0, 4), [5_000, 10_000, 20_000, 40_000]);
  assert.deepEqual(pauses.slice(-2), [600_000, 600_000]);
  await quarrel("replaced_by_newer_connection", 60 * minute - 1);
  assert.equal(pauses.at(-1), 600_000);
  await quarrel("replaced_by_newer_connection", 60 * minute);
  assert.equal(pauses.at(-1), 5_000);
});

test("what else a link ended for is forgotten once it stands", async () => {
  const kept = facts();
  await holdAfterEnd(kept, { kind: "auth_failed", reason: "r" }, 0);
  await endHoldOff(kept, 1);
  assert.equal(readHoldOff(kept), null);
  await holdUntil(kept, { kind: "kicked", reason: "r", until: 9 });
  await endHoldOff(kept, 10);
  assert.equal(readHoldOff(kept), null);
});
