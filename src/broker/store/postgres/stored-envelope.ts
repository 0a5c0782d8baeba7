import { defaultPriority, defaultTextType, type DestinationKind, type Envelope } from "../../../protocol/envelope.ts";
import type { Row } from "./core.ts";

/**
 * An envelope as its row keeps it: JSON of what the row's own columns and the fields' usual values do not say already. A third
 * less is written for each message, which is what accepting costs. Columns that {@link readEnvelope} needs: storedColumns.
 */
export function storedEnvelope(envelope: Envelope): string {
  const { sender, destination_kind: kind, destination_ref: ref } = envelope;
  return JSON.stringify({
    version: envelope.version,
    key_id: envelope.key_id === sender ? undefined : envelope.key_id,
    // Of a topic the row has the id, and the name stands here; of a member it has all but the agent.
    ref: kind === "queue" || (kind === "dm" && ref.length === memberIdChars) ? undefined : ref,
    reply_to: envelope.reply_to ?? undefined,
    supersedes: envelope.supersedes ?? undefined,
    priority: envelope.priority === defaultPriority ? undefined : envelope.priority,
    meta: envelope.meta === "" ? undefined : envelope.meta,
    mentions: envelope.mentions.length === 0 ? undefined : envelope.mentions,
    content_type: envelope.content_type === defaultTextType ? undefined : envelope.content_type,
    algorithm: envelope.algorithm === "none" ? undefined : envelope.algorithm,
    sealed_to: envelope.sealed_to ?? undefined,
    membership_head: envelope.membership_head ?? undefined,
    signature: envelope.signature,
    sent_at: envelope.sent_at,
    body: envelope.body,
  });
}

const memberIdChars = 64;

/** Of a row of message_queue named `m`. */
export const storedColumns = "m.client_message_id, m.request_fingerprint, m.sender, m.destination, m.envelope";

/** The envelope of a row with {@link storedColumns}, field for field as it was accepted. */
export function readEnvelope(meshId: string, row: Row): Envelope {
  const stored = JSON.parse(String(row["envelope"])) as Partial<Envelope> &
    Pick<Envelope, "version" | "signature" | "sent_at" | "body"> & { readonly ref?: string };
  const destination = String(row["destination"]);
  const colon = destination.indexOf(":");
  const sender = String(row["sender"]);
  return {
    version: stored.version,
    mesh_id: meshId,
    sender,
    key_id: stored.key_id ?? sender,
    client_message_id: String(row["client_message_id"]),
    destination_kind: destination.slice(0, colon) as DestinationKind,
    destination_ref: stored.ref ?? destination.slice(colon + 1),
    reply_to: stored.reply_to ?? null,
    supersedes: stored.supersedes ?? null,
    priority: stored.priority ?? defaultPriority,
    meta: stored.meta ?? "",
    mentions: stored.mentions ?? [],
    content_type: stored.content_type ?? defaultTextType,
    algorithm: stored.algorithm ?? "none",
    sealed_to: stored.sealed_to ?? null,
    body: stored.body,
    request_fingerprint: (row["request_fingerprint"] as Buffer).toString("hex"),
    membership_head: stored.membership_head ?? null,
    signature: stored.signature,
    sent_at: stored.sent_at,
  };
}
