import type { Envelope } from "../../protocol/envelope.ts";
import { canonicalMentions } from "../../protocol/fingerprint-parts.ts";
import { lengthPrefixed } from "../../protocol/length-prefixed.ts";
import type { SealedHeader } from "../parts.ts";

/** A header, and what its body is sealed to: a sealed body opens under no other. */
export type BoundHeader = SealedHeader & Pick<Envelope, "algorithm" | "sealed_to">;

const tag = Buffer.from("claudemesh:header:v1", "ascii");

/** The associated data of a body. Meta is canonical text and mentions are sorted already: the envelope's form says so. */
export function associatedData(header: BoundHeader): Buffer {
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
