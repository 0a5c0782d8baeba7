import type { CloneReason } from "../../protocol/host-frames.ts";
import type { MemberHost } from "./store.ts";

/** What a hello tells of its host. */
export interface ToldHost {
  /** null: it tells none, as daemons did before there were prints. */
  readonly print: string | null;
  readonly reason: CloneReason | null;
}

export type CloneNews = CloneReason | "host_changed";

/** What is kept of a member's host after a hello, and whether that is news; null: all is as it was. */
export function hostAfter(
  before: MemberHost,
  told: ToldHost,
  now: number,
): { readonly host: MemberHost; readonly news: CloneNews | null } | null {
  if (told.print === null && told.reason === null) return null;
  const print = told.print ?? before.print;
  if (print === before.print && told.reason === before.reason) return null;
  const moved = before.print !== null && print !== before.print;
  // A flag that stays as it is has been told; one that goes, since the host was accepted, is told as the change that it is.
  const isFlagged = told.reason !== null && (moved || told.reason !== before.reason);
  const news = isFlagged ? told.reason : moved ? "host_changed" : null;
  return { host: { print, reason: told.reason, suspectedAt: news === null ? before.suspectedAt : now }, news };
}
