import type { Envelope } from "../../protocol/envelope.ts";
import { envelopeBody } from "../../protocol/envelope-check.ts";
import { envelopeFingerprint, fingerprintVersions } from "../../protocol/fingerprint.ts";
import type { VoidAnswer } from "../../protocol/frames.ts";
import { carriedOf } from "./carried.ts";
import { type Conflict, type NextState, type RowError, toldRecord } from "./next-state.ts";
import type { OutboxCore } from "./outbox.ts";
import { lastError, type OutboxRow } from "./row.ts";

/*
 * An outbox that was put back from an older copy sends again what it sent in the life that is lost. Sealing gives the same
 * bytes again, and the broker finds its record by them. The fingerprint version is part of the header that a body is sealed
 * under, though: where the broker has been upgraded or put back since, the row is sealed under another version and its bytes
 * are others. What it was in its first life is found by sealing it once more under the record's version.
 */

type Committed = Extract<VoidAnswer, { status: "committed" }>["record"];

/** The row waits no longer than its turn: the record is there, and what it is asked under now is what it holds. */
export const askAgain: Extract<NextState, { kind: "retry" }> = {
  kind: "retry",
  afterMs: 0,
  countsAsAttempt: false,
  outcomeUnknown: false,
  error: {
    code: "sealed_under_record_version",
    message: "the broker accepted it earlier under another fingerprint version; it is asked again under that one",
  },
};

/**
 * The envelope under which the broker has accepted the row before, as its conflict tells; null: it holds other bytes. To be
 * frozen in place of the one that was refused: nothing of that one can ever be committed, since the id has its record.
 */
export function committedBefore(core: OutboxCore, row: OutboxRow, conflict: Conflict): Envelope | null {
  const { broker_fingerprint_prefix: prefix, broker_fingerprint_version: version } = toldRecord(conflict);
  // Once: a broker that says so again and again is not believed.
  if (prefix === undefined || lastError(row)?.code === askAgain.error.code) return null;
  return sealedAs(core, row, version, (fingerprint) => fingerprint.startsWith(prefix));
}

/** Whether the record of an id is of what the row sent, or would have sent under the record's version. */
export function isCommitted(core: OutboxCore, row: OutboxRow, record: Committed): boolean {
  if (row.envelope === null) return true;
  const sent = JSON.parse(row.envelope) as Envelope;
  const { request_fingerprint, fingerprint_version: version } = record;
  if (sent.request_fingerprint === request_fingerprint) return true;
  if (!fingerprintVersions.has(version)) return false;
  if (envelopeFingerprint(sent, envelopeBody(sent), version).toString("hex") === request_fingerprint) return true;
  const before = sealedAs(core, row, version, (fingerprint) => fingerprint === request_fingerprint);
  // Its receivers name the fingerprint of what they were given.
  if (before !== null) core.queries.refreeze(row.id, JSON.stringify(before));
  return before !== null;
}

/** `version` undefined: an older broker did not say in which one its record is. */
function sealedAs(
  core: OutboxCore,
  row: OutboxRow,
  version: number | undefined,
  matches: (fingerprint: string) => boolean,
): Envelope | null {
  if (row.body === null || row.envelope === null || !canSeal(core, row)) return null;
  const sent = JSON.parse(row.envelope) as Envelope;
  const candidates = version === undefined ? [...fingerprintVersions.keys()] : [version];
  for (const candidate of candidates) {
    if (candidate === sent.version || !fingerprintVersions.has(candidate)) continue;
    const envelope = core.options.seal(row, row.body, candidate);
    if (matches(envelope.request_fingerprint)) return envelope;
  }
  return null;
}

function canSeal({ options }: OutboxCore, row: OutboxRow): boolean {
  if (!options.readyFor({ kind: row.destination_kind, ref: row.destination_ref }).ready) return false;
  if (row.attachments === "" || options.filesReady === undefined) return true;
  return options.filesReady(carriedOf(row).map(({ file_id }) => file_id)).ready;
}

/** What the row has on the wire, to be compared by eye with what the broker holds. */
export function sentFingerprint({
  envelope,
}: OutboxRow): Pick<RowError, "wire_fingerprint_prefix" | "wire_fingerprint_version"> {
  if (envelope === null) return {};
  const { request_fingerprint, version } = JSON.parse(envelope) as Envelope;
  return { wire_fingerprint_prefix: request_fingerprint.slice(0, 16), wire_fingerprint_version: version };
}

/** After the commit: logs and counts rows that ended because the broker holds their id for other bytes. */
export function tellMismatches({ queries, options }: OutboxCore, outboxIds: readonly number[]): void {
  for (const id of outboxIds) {
    const row = queries.row(id);
    const error = row?.status === "dead" ? lastError(row) : null;
    if (row === null || error?.broker_fingerprint_prefix === undefined) continue;
    const { code, message, ...fingerprints } = error;
    options.log.warn(
      { outbox_id: id, client_message_id: row.client_message_id, code, ...fingerprints },
      "the broker holds the id of a message for other bytes",
    );
    options.onMismatch?.(error);
  }
}
