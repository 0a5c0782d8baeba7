import { bytesText } from "./bytes-text.ts";
import { unbroken } from "./printable.ts";
import type { MessageView, OutboxRowView } from "../protocol/local-api.ts";

/** What is known of a message sent from here: one fact a line, its stages in order with their times. */
export function messageStateLines(message: MessageView, row: OutboxRowView): string[] {
  const unknown = row.outcome_unknown ? " (outcome unknown: the broker has not said whether it has it)" : "";
  const facts: readonly (readonly [string, string | null])[] = [
    ["row", `${row.outbox_id}  ${row.status}${unknown}`],
    ["id", row.client_message_id],
    ["to", `${row.to}  ${row.body_bytes} bytes`],
    ...message.stages.map(({ stage, at }) => [stage, at] as const),
    ["reached", reachedText(message)],
    ["files", filesSentText(message)],
    ["broker", row.broker_message_id === null ? null : `${row.broker_message_id}  history ${row.history_id ?? "-"}`],
    ["attempts", `${row.attempts}${row.next_attempt_at === null ? "" : `, next at ${row.next_attempt_at}`}`],
    ["error", row.last_error === null ? null : `${row.last_error.code}: ${row.last_error.message}`],
    ["bytes", bytesHeldText(row)],
    ["aborted", row.aborted_at === null ? null : `${row.aborted_at} by ${row.aborted_by ?? "-"}`],
    ["replaces", row.supersedes === null ? null : `row ${row.supersedes}: this message supersedes it`],
    ["replaced", row.superseded_by === null ? null : `by row ${row.superseded_by}: this message is superseded`],
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(9)} ${unbroken(value)}`]));
}

/** What the broker holds the id for, and what was sent, by the beginnings of their fingerprints; null where it is not that. */
function bytesHeldText({ last_error: error }: OutboxRowView): string | null {
  if (error?.broker_fingerprint_prefix === undefined) return null;
  const held = fingerprintText(error.broker_fingerprint_prefix, error.broker_fingerprint_version);
  const sent = fingerprintText(error.wire_fingerprint_prefix, error.wire_fingerprint_version);
  return `the broker holds ${held}, this row sent ${sent}`;
}

function fingerprintText(prefix = "unknown", version: number | undefined): string {
  return version === undefined ? prefix : `${prefix} (fingerprint version ${version})`;
}

/** `12.0 MB of 1.0 GB sent`; null when none is on its way, and of an older daemon, which does not say. */
export function filesSentText({ files_sent = null }: Partial<Pick<MessageView, "files_sent">>): string | null {
  return files_sent === null ? null : `${bytesText(files_sent.bytes)} of ${bytesText(files_sent.of)} sent`;
}

/** `2 of 3 subscribers`; null for a direct message. */
export function reachedText({ delivered_to }: MessageView): string | null {
  return delivered_to === null ? null : `${delivered_to.reached} of ${delivered_to.of} subscribers`;
}
