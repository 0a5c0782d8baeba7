import { randomFillSync } from "node:crypto";
import { ClaudemeshError } from "./error.ts";
import { limits } from "./limits.ts";

const memberIdPattern = /^[0-9a-f]{64}$/;
const uuidV7Pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const callerIdPattern = /^[\x21-\x7e]+$/;
const wirePrefixChars = 17;

/** 64 lower-case hex characters: a member's first ed25519 public key. */
export function isMemberId(text: string): boolean {
  return memberIdPattern.test(text);
}

/** RFC 9562 §5.7 in lower case. */
export function isUuidV7(text: string): boolean {
  return uuidV7Pattern.test(text);
}

/** UUIDv7 of `nowMs` (epoch milliseconds), 74 random bits. Ascending across milliseconds. */
export function newUuidV7(nowMs: number, fill: (bytes: Uint8Array) => void = fillRandom): string {
  const bytes = Buffer.allocUnsafe(16);
  fill(bytes);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const pool = Buffer.allocUnsafe(4_096);
let poolUsed = pool.length;

function fillRandom(bytes: Uint8Array): void {
  if (poolUsed + bytes.length > pool.length) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  bytes.set(pool.subarray(poolUsed, poolUsed + bytes.length));
  poolUsed += bytes.length;
}

/** A caller-chosen client_message_id: 1–96 visible ASCII characters, else invalid_id (delivery.md §1). */
export function checkClientMessageId(text: string): string {
  if (text.length === 0 || text.length > limits.clientMessageIdCharsMax || !callerIdPattern.test(text)) {
    throw new ClaudemeshError("invalid_id", "client_message_id must be 1–96 visible ASCII characters", {
      hint: "use letters, digits and punctuation without spaces, for example build-42",
    });
  }
  return text;
}

/** A minted id travels as it is; a caller-chosen one behind its sender's prefix, so that nobody can take another's. */
export function wireId(
  memberId: string,
  id: string,
  options: { readonly minted: boolean } = { minted: false },
): string {
  return options.minted ? id : `${memberId.slice(0, wirePrefixChars - 1)}:${id}`;
}

/** The sender's own form of a wire id; another member's id stays as it is. */
export function callerId(memberId: string, wire: string): string {
  const prefix = `${memberId.slice(0, wirePrefixChars - 1)}:`;
  return wire.startsWith(prefix) ? wire.slice(prefix.length) : wire;
}

/** Refuses with invalid_id any id that `sender` may not use on the wire. */
export function checkWireId(sender: string, wire: string): string {
  if (isUuidV7(wire)) return wire;
  if (!wire.startsWith(`${sender.slice(0, wirePrefixChars - 1)}:`)) {
    throw new ClaudemeshError("invalid_id", "client_message_id is neither a UUIDv7 nor under the sender's own prefix");
  }
  checkClientMessageId(wire.slice(wirePrefixChars));
  return wire;
}

/** Whether a text has the shape of any member's wire id. */
export function isWireId(wire: string): boolean {
  if (isUuidV7(wire)) return true;
  const id = wire.slice(wirePrefixChars);
  return (
    /^[0-9a-f]{16}:/.test(wire) &&
    id.length > 0 &&
    id.length <= limits.clientMessageIdCharsMax &&
    callerIdPattern.test(id)
  );
}
