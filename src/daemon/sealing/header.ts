import type { Envelope } from "../../protocol/envelope.ts";
import { canonicalMentions } from "../../protocol/fingerprint.ts";
import { lengthPrefixed } from "../../protocol/length-prefixed.ts";

/** What of an envelope a sealed body is bound to: it opens under no other header. */
export type SealedHeader = Pick<
  Envelope,
  | "mesh_id"
  | "version"
  | "destination_kind"
  | "destination_ref"
  | "sender"
  | "client_message_id"
  | "reply_to"
  | "supersedes"
  | "priority"
  | "meta"
  | "mentions"
  | "content_type"
  | "algorithm"
  | "sealed_to"
>;

const tag = Buffer.from("claudemesh:header:v1", "ascii");

/** The associated data of a body. Meta is canonical text and mentions are sorted already: the envelope's form says so. */
export function associatedData(header: SealedHeader): Buffer {
  return lengthPrefixed(tag, [
    header.mesh_id,
    String(header.version),
    header.destination_kind,
    header.destination_ref,
    header.sender,
    header.client_message_id,
    header.reply_to ?? "",
    header.supersedes ?? "",
    header.priority,
    header.meta,
    canonicalMentions(header.mentions),
    header.content_type,
    header.algorithm,
    header.sealed_to ?? "",
  ]);
}
