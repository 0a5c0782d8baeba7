import assert from "node:assert/strict";
import { test } from "node:test";
import { envelopeOf, newIdentity } from "../testing/peer.ts";
import type { LogMessage } from "../store/store.ts";
import { readLogPage } from "./log-page.ts";

const [alice, bob] = [newIdentity(), newIdentity()];
const meshId = "01890000-0000-7000-8000-00000000000a";

/** A log of so many messages of so many bytes, and how many of them were read. */
function logOf(count: number, bytes: number) {
  const envelope = envelopeOf(meshId, alice, bob.memberId, "x".repeat(bytes));
  const message = (seq: number): LogMessage => ({
    seq,
    epoch: 1,
    broker_message_id: "",
    accepted_at: 0,
    destination: "dm",
    position: { epoch: 1, seq, broker_message_id: "", incarnation: "", mac: "" },
    envelope,
  });
  const log = { read: 0 };
  const read = async ({ beforeSeq, limit }: { beforeSeq: number | null; limit: number }) => {
    const newest = (beforeSeq ?? count + 1) - 1;
    const found = Array.from({ length: Math.min(limit, newest) }, (_, index) => message(newest - index));
    log.read += found.length;
    return found;
  };
  return { log, read };
}

test("a page of large messages ends where it is full, and little more than it holds is read", async () => {
  const { log, read } = logOf(1_000, 60_000);
  const { items, next_before_seq } = await readLogPage(read, { beforeSeq: null, limit: 1_000 }, 1_000_000);
  assert.deepEqual([items[0]?.seq, items.length, next_before_seq], [1_000, 12, 989]);
  assert.ok(log.read <= 64, String(log.read));
});

test("pages of small messages follow each other without a gap, whatever their limit", async () => {
  for (const limit of [1, 63, 64, 65, 128, 200, 1_000]) {
    const { read } = logOf(200, 10);
    const seen: number[] = [];
    for (let before: number | null = null, first = true; first || before !== null; first = false) {
      const page = await readLogPage(read, { beforeSeq: before, limit }, 4_000_000);
      assert.ok(page.items.length <= limit);
      seen.push(...page.items.map(({ seq }) => seq));
      before = page.next_before_seq;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 200 }, (_, index) => 200 - index),
    );
  }
});
