import type { VoidAnswer, VoidFrame } from "../../../protocol/frames.ts";
import { checkWireId } from "../../../protocol/ids.ts";
import { rfc3339 } from "../../../protocol/time.ts";
import type { DedupeRecord, VoidRecord } from "../../store/store.ts";
import type { LinkParts } from "../link-parts.ts";
import type { LiveLink } from "../live-link.ts";
import { failed, type FrameHandler } from "./frame-handler.ts";

/** Claims the sender's own ids as never to be committed, or returns what is (delivery.md §3). */
export const onVoid: FrameHandler<VoidFrame> = (frame, link, parts, done) => {
  link.requests
    .take(() => voidIds(frame, link, parts))
    .then(
      (items) => link.send({ type: "void_ack", id: frame.id, items }),
      (thrown: unknown) => link.send(failed(thrown, frame, link, parts)),
    )
    .finally(done);
};

async function voidIds(frame: VoidFrame, link: LiveLink, parts: LinkParts): Promise<VoidAnswer[]> {
  for (const id of frame.items) checkWireId(link.memberId, id);
  const records = await parts.store.voidIds(link.meshId, link.memberId, frame.items, parts.clock.now());
  for (const id of frame.items) link.behind.voided(id);
  return frame.items.map((id) => voidAnswer(id, records.get(id), link.memberId));
}

/** A record of another sender says nothing but that this sender's message will never be committed: void. */
function voidAnswer(id: string, record: DedupeRecord | VoidRecord | undefined, memberId: string): VoidAnswer {
  if (record === undefined || record.kind === "void" || record.sender !== memberId)
    return { client_message_id: id, status: "void" };
  return {
    client_message_id: id,
    status: "committed",
    record: {
      broker_message_id: record.broker_message_id,
      history_id: record.seq,
      request_fingerprint: Buffer.from(record.request_fingerprint).toString("hex"),
      fingerprint_version: record.fingerprint_version,
      first_seen_at: rfc3339(record.first_seen_at),
    },
  };
}
