import type { EpochRecord } from "../epoch.ts";
import { keyInUse, type MembershipState, wasAdmin } from "./state.ts";

/** Why a record is no word of a member of the mesh. */
export type EpochProblem = "head_unknown" | "maker_unknown" | "history_not_its_own";

/**
 * What a chain says against a record whose signature holds: it was made by a member that was active with that key right after the head
 * that it names, and where it gives another history than `before` did, by an owner or admin. `before`: the epoch that it follows, or of
 * one that follows none the first of its destination; null: there was none. Broker and daemons look the same way.
 */
export function epochProblem(
  record: EpochRecord,
  state: MembershipState,
  before: Pick<EpochRecord, "history"> | null,
): EpochProblem | null {
  const place = state.places.get(record.membership_head);
  if (place === undefined) return "head_unknown";
  const maker = state.members.get(record.created_by);
  if (maker === undefined || !keyInUse(maker, record.key_id, place)) return "maker_unknown";
  if (before === null || before.history === record.history || wasAdmin(maker, place)) return null;
  return "history_not_its_own";
}
