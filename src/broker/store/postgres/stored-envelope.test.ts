import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyEnvelope, plainEnvelope } from "../../../protocol/envelope.fixture.ts";
import type { Envelope } from "../../../protocol/envelope.ts";
import { destinationColumn } from "../destination-column.ts";
import { readEnvelope, storedEnvelope } from "./stored-envelope.ts";

/** The row that accepting makes of an envelope, as far as reading it back needs it. */
function rowOf(envelope: Envelope): Record<string, unknown> {
  const { destination_kind: kind, destination_ref: ref } = envelope;
  return {
    client_message_id: envelope.client_message_id,
    request_fingerprint: Buffer.from(envelope.request_fingerprint, "hex"),
    sender: envelope.sender,
    destination: destinationColumn(
      kind === "dm"
        ? { kind, member_id: ref.slice(0, 64) }
        : kind === "topic"
          ? { kind, topic_id: "01890000-0000-7000-8000-00000000000a" }
          : { kind, name: ref },
    ),
    envelope: storedEnvelope(envelope),
  };
}

test("whatever is accepted is read back field for field, in the order of its fields", () => {
  fc.assert(
    fc.property(anyEnvelope, (envelope) => {
      const read = readEnvelope(envelope.mesh_id, rowOf(envelope));
      assert.equal(JSON.stringify(read), JSON.stringify({ ...plainEnvelope, ...envelope }));
    }),
  );
});

test("the row keeps nothing twice: a plain message takes little more than its body and its signature", () => {
  const envelope: Envelope = {
    ...plainEnvelope,
    destination_ref: "b2".repeat(32),
    reply_to: null,
    supersedes: null,
    priority: "next",
    meta: "",
    mentions: [],
    sealed_to: null,
    membership_head: null,
  };
  const stored = storedEnvelope(envelope);
  for (const said of [envelope.mesh_id, envelope.sender, envelope.client_message_id, envelope.request_fingerprint])
    assert.ok(!stored.includes(said));
  assert.ok(stored.length < envelope.body.length + envelope.signature.length + 100);
});
