import assert from "node:assert/strict";
import { it } from "node:test";
import type { Envelope } from "../../protocol/envelope.ts";
import { envelopeFingerprint } from "../../protocol/fingerprint.ts";
import { accepted, type Bench, day, idsOf, item, kinds, type On } from "./store-bench.fixture.ts";
import type { AcceptItem } from "./store.ts";

/** The suite's part on versions of the fingerprint: of records, and of what is offered. */
export function fingerprints(on: On): void {
  for (const [written, retried] of [
    [1, 2],
    [2, 1],
  ] as const) {
    it(`finds a record of version ${written} when its bytes come again under version ${retried}, and tells other bytes apart`, async (t) => {
      const { store, meshId, alice, bob } = await on(t);
      const first = under(item(meshId, alice, bob), written);
      const { seq } = accepted((await store.accept(meshId, [first], 10))[0]);
      const again = under(first, retried);
      assert.notDeepEqual(again.fingerprint, first.fingerprint);
      const other = under(
        item(meshId, alice, bob, { text: "other", client_message_id: first.envelope.client_message_id }),
        retried,
      );
      const [same, different, next] = await store.accept(meshId, [again, other, item(meshId, alice, bob)], 20);
      assert.ok(same?.kind === "duplicate" && different?.kind === "mismatch");
      for (const { record } of [same, different]) {
        assert.deepEqual([record.seq, record.fingerprint_version], [seq, written]);
        assert.deepEqual(Buffer.from(record.request_fingerprint), Buffer.from(first.fingerprint));
      }
      assert.equal(accepted(next).seq, seq + 1, "nothing was committed twice");
    });
  }

  it("compares by version 1 alone what a record of version 1 covers: other mentions under version 2 are the same request", async (t) => {
    const { store, meshId, alice, bob } = await on(t);
    const first = under(item(meshId, alice, bob), 1);
    await store.accept(meshId, [first], 10);
    const mentions = { ...first, envelope: { ...first.envelope, mentions: [bob.memberId] } };
    assert.deepEqual(kinds(await store.accept(meshId, [under(mentions, 2)], 20)), ["duplicate"]);
  });

  it("finds a record of another version before the refusal that an item carries", async (t) => {
    const { store, meshId, alice, bob } = await on(t);
    const first = under(item(meshId, alice, bob), 1);
    await store.accept(meshId, [first], 10);
    const refusal = { kind: "refused", status: 400, code: "fingerprint_version_retired", message: "" } as const;
    assert.deepEqual(kinds(await store.accept(meshId, [{ ...under(first, 2), refusal }], 20)), ["duplicate"]);
    assert.deepEqual(kinds(await store.accept(meshId, [{ ...under(item(meshId, alice, bob), 1), refusal }], 20)), [
      "refused",
    ]);
  });

  it("neither commits nor denies what has a record of a version that it does not know", async (t) => {
    const bench = await on(t);
    const { store, meshId, alice, bob } = bench;
    const first = item(meshId, alice, bob);
    await store.accept(meshId, [first], 10);
    await newerRecord(bench);
    const [outcome] = await store.accept(meshId, [first], 20);
    assert.ok(outcome?.kind === "refused");
    assert.deepEqual([outcome.status, outcome.code], [503, "store_unavailable"]);
    const stolen = item(meshId, bob, bob, { client_message_id: first.envelope.client_message_id });
    assert.deepEqual(kinds(await store.accept(meshId, [stolen], 20)), ["mismatch"], "of another sender it needs none");
    assert.equal((await store.log(meshId)).head, 1);
    assert.equal((await store.lookUp(meshId, idsOf([first]))).size, 1);
  });

  it("keeps when each version was offered last, by whichever broker, over a restart, and never earlier than it was", async (t) => {
    const under = await on(t);
    const { store } = under;
    const times = async (names: readonly string[], now: number) =>
      Object.fromEntries(await store.noteFingerprints(names, now));
    assert.deepEqual(await times(["a", "b"], day), { a: day, b: day });
    assert.deepEqual(await times(["b"], 3 * day), { a: day, b: 3 * day });
    assert.deepEqual(await times(["b", "a"], 2 * day), { a: 2 * day, b: 3 * day });
    assert.deepEqual(await times([], 9 * day), { a: 2 * day, b: 3 * day });
    const reopened = await under.reopen();
    assert.deepEqual(Object.fromEntries(await reopened.noteFingerprints(["c"], 4 * day)), {
      a: 2 * day,
      b: 3 * day,
      c: 4 * day,
    });
  });
}

/** The same item as a daemon would send it under a version. */
function under(from: AcceptItem, version: number): AcceptItem {
  const envelope: Envelope = { ...from.envelope, version };
  const fingerprint = envelopeFingerprint(envelope, Buffer.from(envelope.body, "base64url"));
  return { ...from, envelope: { ...envelope, request_fingerprint: fingerprint.toString("hex") }, fingerprint };
}

function newerRecord({ tamper }: Bench): Promise<void> {
  return tamper("UPDATE client_message_dedupe SET fingerprint_version = 99");
}
