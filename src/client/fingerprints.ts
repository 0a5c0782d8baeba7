import type { SendAttachment } from "../protocol/attachment.ts";
import { contentHash } from "../protocol/content-hash.ts";
import { type DestinationKind, defaultPriority, defaultTextType, type Priority } from "../protocol/envelope.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import * as protocol from "../protocol/fingerprint.ts";
import { type FingerprintParts, sortedUnique } from "../protocol/fingerprint-parts.ts";
import { canonicalMeta, type Meta, metaText } from "./json-profile.ts";
import { withSenderNote } from "../protocol/sender-agent.ts";
import { contentOf, type OutgoingMessage } from "./outgoing.ts";

/** What a request fingerprint covers. What is left out or null has its default. */
export interface FingerprintedEnvelope {
  readonly mesh_id: string;
  readonly kind: DestinationKind | "request";
  /** Name of a topic or queue; of a direct message the member_id, with `/agent` when one is addressed. */
  readonly ref: string;
  readonly reply_to?: string | null;
  /** Default next. */
  readonly priority?: Priority | null;
  /** The object, or raw JSON as text; "" is none. */
  readonly meta?: Meta | string;
  /** member_ids in any order. */
  readonly mentions?: readonly string[] | null;
  /** Default `text/plain; charset=utf-8`. */
  readonly content_type?: string | null;
  /** Default none. */
  readonly body?: Uint8Array | null;
}

/**
 * The request fingerprint of an envelope, 64 hex characters: over the bytes that are sent, so of a sealed body over the
 * sealed ones. Throws control_character, lone_surrogate, a code of the JSON profile, or invalid_envelope for a version
 * that is not known.
 */
export function wireFingerprint(version: number, envelope: FingerprintedEnvelope): string {
  const { meta = null } = envelope;
  const parts: FingerprintParts = {
    meshId: envelope.mesh_id,
    kind: envelope.kind,
    ref: envelope.ref,
    replyTo: envelope.reply_to ?? "",
    priority: envelope.priority ?? defaultPriority,
    meta: meta === "" ? "" : canonicalMeta(meta),
    mentions: sortedUnique(envelope.mentions ?? []),
    contentType: envelope.content_type ?? defaultTextType,
    bodyHash: protocol.bodyHash(envelope.body ?? noBytes),
  };
  return protocol.wireFingerprint(version, parts).toString("hex");
}

/**
 * What a daemon compares when an id is used again, 64 hex characters: version 2 over the request as it is written.
 * Attachments need their name and type, which the daemon else takes from where they were handed over. Throws as
 * {@link wireFingerprint}, and missing_field or invalid_field.
 */
export function localFingerprint(message: OutgoingMessage, meshId: string): string {
  const { bytes, contentType } = contentOf(message);
  const { to, reply_to = "", priority = defaultPriority, mentions = [], attachments = [], hops = 0 } = message;
  const agent = message.from_agent?.toLowerCase() ?? null;
  const fingerprint = protocol.localFingerprint({
    meshId,
    ref: to,
    replyTo: reply_to,
    priority,
    meta: withSenderNote(metaText(message.meta), { agent, hops }),
    mentions,
    contentType,
    bodyHash: contentHash(bytes, attachments.map(named)),
  });
  return fingerprint.toString("hex");
}

const noBytes = new Uint8Array();

function named({ file_id, name, content_type }: SendAttachment): Required<SendAttachment> {
  if (name !== undefined && content_type !== undefined) return { file_id, name, content_type };
  throw new ClaudemeshError("missing_field", "an attachment has no name or no content_type", {
    hint: "give both, as files.put() answers them",
  });
}
