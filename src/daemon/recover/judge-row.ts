import { parseAddress } from "../../protocol/address.ts";
import { checkEnvelope, envelopeBody } from "../../protocol/envelope-check.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { fingerprintVersions } from "../../protocol/fingerprint.ts";
import { isUuidV7, wireId } from "../../protocol/ids.ts";
import type { MembershipState } from "../../protocol/membership/state.ts";
import { envelopeSignatureHolds, publicKeyFromHex } from "../../protocol/signing.ts";
import { contentHash } from "../../protocol/content-hash.ts";
import { carriedOf } from "../outbox/carried.ts";
import { destinationKey } from "../outbox/outbox.ts";
import { preSendOf } from "../outbox/pre-send-note.ts";
import type { OutboxRow } from "../outbox/row.ts";
import { rowFingerprint } from "../outbox/row-fingerprint.ts";

/** What a row is judged by. */
export interface RowProof {
  readonly meshId: string;
  readonly memberId: string;
  /** Keys that this member signs or has signed by, 64 hex characters each. */
  readonly keyIds: ReadonlySet<string>;
  /** null: this home holds no chain. */
  readonly state: MembershipState | null;
  /** Texts that indexes have of the row, its id among them: a second copy of it, on other pages. */
  readonly indexed: (outboxId: number) => ReadonlySet<string>;
  /** Another row that was saved. */
  readonly row: (outboxId: number) => OutboxRow | null;
}

/**
 * Why a row that is to be sent cannot be trusted to go out as it was accepted; null: it can. SQLite keeps no checksums of pages, so a
 * row that reads well may still have other bytes. What was transmitted proves itself by its own signature. What was not is proven by
 * the fingerprint over the request, by the index for its id, and by the membership for where it goes.
 */
export function doubtOf(row: OutboxRow, proof: RowProof): string | null {
  const within = contradictionOf(row, proof);
  if (within !== null || row.transmitted === 1) return within;
  if (!proof.indexed(row.id).has(row.client_message_id)) return "nothing proves its id";
  if (!leadsThere(row.to_text, row.destination_kind, row.destination_ref, proof)) return "nothing proves where it goes";
  const mentions = JSON.parse(row.mentions) as string[];
  const written = (JSON.parse(row.mentions_written) as string[]).map((text) => memberOf(text, proof));
  if (!sameSet(mentions, written)) return "nothing proves whom it mentions";
  return supersedesHolds(row, proof) ? null : "nothing proves what it supersedes";
}

/** What within a row that is to be sent contradicts itself; null: nothing. A row that a program wrote never does. */
export function contradictionOf(row: OutboxRow, proof: Omit<RowProof, "indexed" | "row">): string | null {
  if (row.body === null) return "its body is gone";
  if (row.destination !== destinationKey(row.destination_kind, row.destination_ref))
    return "its destination is damaged";
  if (row.minted === 1 && !isUuidV7(row.client_message_id)) return "its id is damaged";
  if (!contentHolds(row, proof)) return "its content is not what was accepted";
  return row.transmitted === 1 ? doubtOfEnvelope(row, proof) : null;
}

function doubtOfEnvelope(
  row: OutboxRow,
  { memberId, meshId, keyIds }: Omit<RowProof, "indexed" | "row">,
): string | null {
  const wire = wireId(memberId, row.client_message_id, { minted: row.minted === 1 });
  let envelope: Envelope;
  try {
    envelope = checkEnvelope(JSON.parse(row.envelope ?? "null"));
  } catch {
    return "its envelope is damaged";
  }
  const same =
    envelope.client_message_id === wire &&
    envelope.sender === memberId &&
    envelope.mesh_id === meshId &&
    envelope.destination_kind === row.destination_kind &&
    envelope.destination_ref === row.destination_ref &&
    keyIds.has(envelope.key_id);
  if (!same) return "its envelope is another one's";
  const signed = envelopeSignatureHolds(envelope, envelopeBody(envelope), publicKeyFromHex(envelope.key_id));
  return signed ? null : "the signature of its envelope does not hold";
}

/** Over the request as its caller wrote it. */
export function contentHolds(row: OutboxRow, { meshId }: Pick<RowProof, "meshId">): boolean {
  if (row.body === null || !fingerprintVersions.has(row.fingerprint_version)) return false;
  try {
    const note = preSendOf(row);
    // The fingerprint is over what its sender wrote: what the hook made of it proves itself.
    if (note?.verdict === "changed" && contentHash(row.body, carriedOf(row)).toString("hex") !== note.content_hash)
      return false;
    return rowFingerprint(meshId, { ...row, body: row.body }, row.fingerprint_version).equals(row.request_fingerprint);
  } catch {
    // What cannot even be hashed, a control character for instance, was never accepted.
    return false;
  }
}

function leadsThere(to: string, kind: OutboxRow["destination_kind"], ref: string, proof: RowProof): boolean {
  try {
    const address = parseAddress(to);
    if (address.kind !== "member")
      return (address.kind === "topic" ? "topic" : "queue") === kind && address.name === ref;
    const memberId = memberOf(to, proof);
    return (
      kind === "dm" && memberId !== null && ref === (address.agent === null ? memberId : `${memberId}/${address.agent}`)
    );
  } catch {
    return false;
  }
}

/** A name stays its member's when the member takes another one. */
function memberOf(written: string, { state, memberId }: RowProof): string | null {
  try {
    const address = parseAddress(written);
    if (address.kind !== "member") return null;
    if (!address.byId) return state?.names.get(address.member) ?? null;
    return address.member === memberId || state?.members.has(address.member) === true ? address.member : null;
  } catch {
    return null;
  }
}

function sameSet(ids: readonly string[], others: readonly (string | null)[]): boolean {
  return [...new Set(ids)].sort().join() === [...new Set(others)].sort().join();
}

function supersedesHolds({ supersedes, supersedes_row: old }: OutboxRow, { memberId, row }: RowProof): boolean {
  if (supersedes === null) return old === null;
  const replaced = old === null ? null : row(old);
  return (
    replaced !== null && wireId(memberId, replaced.client_message_id, { minted: replaced.minted === 1 }) === supersedes
  );
}
