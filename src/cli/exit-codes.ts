import type { ClaudemeshError } from "../protocol/error.ts";
import type { ErrorCode } from "../protocol/error-codes.ts";

/** Exit codes of `claudemesh`, each with its sentence. They are part of its interface: scripts branch on them. */
export const exitCodeTable = {
  ok: { code: 0, says: "Done, as printed." },
  error: { code: 1, says: "Anything without a code of its own; standard error says what, why and what to run." },
  usage: { code: 2, says: "The command line is wrong, an address or an id in it included." },
  notRunning: { code: 3, says: "No daemon answers. Nothing was sent, unless standard error says how much was." },
  conflict: {
    code: 4,
    says: "The id is bound to another message, the lease is over, or the state of a row or queue does not allow it.",
  },
  waitTimedOut: {
    code: 5,
    says: "The time of waiting is over: the message is queued on disk here and stays on its way, or no message came.",
  },
  neverSent: {
    code: 6,
    says: "What was waited for cannot come: the message ended dead or aborted, or with an ephemeral daemon.",
  },
  notFound: { code: 7, says: "The address, row or message does not exist." },
  tryLater: { code: 8, says: "Load or a broker out of reach; the same command may work later." },
  waitAccepted: { code: 9, says: "The time of waiting is over: the message is accepted, stored by the broker." },
  waitDelivered: { code: 10, says: "The time of waiting is over: the message is delivered, stored at its receiver." },
  waitInjected: {
    code: 11,
    says: "The time of waiting is over: the message is injected, handed to a live session of its receiver.",
  },
  interrupted: { code: 130, says: "Ended by Ctrl-C or by being told to stop." },
} as const;

export type ExitName = keyof typeof exitCodeTable;

/** The same by name alone. */
export const exitCodes = Object.fromEntries(
  Object.entries(exitCodeTable).map(([name, { code }]) => [name, code]),
) as unknown as { readonly [N in ExitName]: (typeof exitCodeTable)[N]["code"] };

/** Exit codes that every command may end with. */
export const commonExits: readonly ExitName[] = ["ok", "error", "usage"];

const byErrorCode: Partial<Record<ErrorCode, number>> = {
  usage: exitCodes.usage,
  invalid_destination: exitCodes.usage,
  invalid_id: exitCodes.usage,
  invalid_field: exitCodes.usage,
  missing_field: exitCodes.usage,
  unknown_field: exitCodes.usage,
  control_character: exitCodes.usage,
  malformed_json: exitCodes.usage,
  duplicate_key: exitCodes.usage,
  invalid_utf8: exitCodes.usage,
  lone_surrogate: exitCodes.usage,
  number_out_of_range: exitCodes.usage,
  too_deep: exitCodes.usage,
  meta_too_large: exitCodes.usage,
  invite_malformed: exitCodes.usage,
  invite_truncated: exitCodes.usage,
  invite_altered: exitCodes.usage,
  invite_unknown: exitCodes.notFound,
  not_running: exitCodes.notRunning,
  idempotency_key_reused: exitCodes.conflict,
  row_not_requeueable: exitCodes.conflict,
  already_exists: exitCodes.conflict,
  agent_name_taken: exitCodes.conflict,
  messages_unsent: exitCodes.neverSent,
  last_owner: exitCodes.conflict,
  queue_not_empty: exitCodes.conflict,
  lease_lost: exitCodes.conflict,
  already_running: exitCodes.conflict,
  not_found: exitCodes.notFound,
  unknown_destination: exitCodes.notFound,
  unknown_agent: exitCodes.notFound,
};

/** The exit code that an error ends a command with. */
export function exitCodeOf(error: ClaudemeshError): number {
  return byErrorCode[error.code] ?? (error.retryable ? exitCodes.tryLater : exitCodes.error);
}
