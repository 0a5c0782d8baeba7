import { type Address, parseAddress } from "../protocol/address.ts";
import { defaultPriority, type Priority } from "../protocol/envelope.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { checkClientMessageId, isUuidV7 } from "../protocol/ids.ts";
import type { JsonValue } from "../protocol/json-value.ts";
import { callersMeta } from "../protocol/sender-agent.ts";
import { readContent, refuseControl } from "./message-content.ts";
import type { sendShape } from "./send.schema.ts";
import { invalid, type Reading } from "./shape.ts";

/** A send that is right as written. Nothing of it has been looked up yet. */
export interface ParsedSend {
  /** null: the caller gave none, one is to be minted. */
  readonly clientMessageId: string | null;
  /** As written; the local fingerprint covers it. */
  readonly to: string;
  readonly address: Address;
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly priority: Priority;
  /** Canonical text, "" for none. */
  readonly meta: string;
  /** As written, and as read. */
  readonly mentions: readonly string[];
  readonly mentioned: readonly Address[];
  readonly replyTo: string | null;
}

/** Pure. Throws the refusals of delivery.md §3 that need nothing but the request; `headerId` is Idempotency-Key. */
export function parseSend(written: Reading<typeof sendShape>, headerId: string | undefined): ParsedSend {
  refuseControl(written.to, "to");
  for (const mention of written.mentions ?? []) refuseControl(mention, "mentions");
  if (written.reply_to !== undefined) {
    refuseControl(written.reply_to, "reply_to");
    if (!isUuidV7(written.reply_to)) throw invalid("reply_to", "must be the broker_message_id of a message (a UUIDv7)");
  }
  const { body, contentType } = readContent(written);
  return {
    clientMessageId: readId(headerId, written.client_message_id),
    to: written.to,
    address: parseAddress(written.to),
    body,
    contentType,
    priority: written.priority ?? defaultPriority,
    meta: callersMeta(written.meta as JsonValue | undefined),
    mentions: written.mentions ?? [],
    mentioned: (written.mentions ?? []).map(readMention),
    replyTo: written.reply_to ?? null,
  };
}

function readId(header: string | undefined, field: string | undefined): string | null {
  if (header !== undefined) checkClientMessageId(header);
  if (field !== undefined) checkClientMessageId(field);
  if (header !== undefined && field !== undefined && header !== field) {
    throw new ClaudemeshError("id_conflict_header_body", "Idempotency-Key and `client_message_id` name different ids", {
      hint: "give one of them, or the same id in both",
    });
  }
  return header ?? field ?? null;
}

function readMention(text: string): Address {
  const address = parseAddress(text);
  if (address.kind === "member" && address.agent === null) return address;
  throw new ClaudemeshError("invalid_destination", `\`${text.slice(0, 80)}\` cannot be mentioned`, {
    hint: "mention members, as @name",
  });
}
