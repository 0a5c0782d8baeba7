import assert from "node:assert/strict";
import { test } from "node:test";
import { closeReasonBytesMax } from "../../protocol/close-codes.ts";
import { dedupeParams, supported } from "./fake-broker.fixture.ts";
import { linkBench } from "./link-bench.fixture.ts";

for (const [kind, code, features] of [
  ["feature_unavailable", 4010, { supported: {}, missing_required: ["client_message_id_dedupe"] }],
  ["feature_param_invalid", 4011, supported({ ...dedupeParams, version: 9 })],
  ["feature_param_invalid", 4011, supported({ ...dedupeParams, mode: "for a while" })],
  ["feature_param_invalid", 4011, supported({ ...dedupeParams, dedupe_retention_days: "many".repeat(100) })],
  ["feature_param_below_floor", 4012, supported({ ...dedupeParams, dedupe_retention_days: 2 })],
] as const) {
  test(`${kind}: the daemon says so in full, closes with ${code}, keeps an event of it, and ends`, async (t) => {
    const made = await linkBench(t);
    const link = await made.broker.connection();
    await link.open({ features: features as never });
    const error = await link.next("error");
    assert.deepEqual([error.code, error.closes, error.details?.["feature"]], [kind, true, "client_message_id_dedupe"]);
    const closed = await link.closed;
    assert.equal(closed.code, code);
    assert.ok(Buffer.byteLength(closed.reason) <= closeReasonBytesMax);
    const reason = JSON.parse(closed.reason) as { kind: string; feature: string };
    assert.deepEqual([reason.kind, reason.feature], [kind, "client_message_id_dedupe"]);
    assert.equal((await made.daemon.ended)?.kind, kind);
    const { at: _, ...told } = await made.event("feature_negotiation_failed");
    assert.deepEqual(told, error.details);
  });
}

test("three days of dedupe are enough, and permanent is", async (t) => {
  for (const dedupe of [
    { ...dedupeParams, dedupe_retention_days: 3 },
    { version: 2, mode: "permanent", fingerprint_versions: ["sha256-jcs-v2"] },
  ]) {
    const made = await linkBench(t);
    await (await made.broker.connection()).open({ features: supported(dedupe) });
    await made.link("connected");
  }
});
