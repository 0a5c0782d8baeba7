import type { Clock } from "../../base/clock.ts";
import type { Attachment } from "../../protocol/attachment.ts";
import { fileLimits } from "./file-limits.ts";

/**
 * The files of claimed messages, as long as their leases last. Such a message is in no inbox, so that this is all that a daemon knows
 * of them, in memory alone: after its restart the message has to be claimed again.
 */
export interface LeasedFiles {
  keep(lease: Lease, attachments: readonly Attachment[], forMs: number): void;
  /** A lease is never made shorter. */
  extend(leaseId: string, forMs: number): void;
  drop(leaseId: string): void;
  /** null: no such lease is held by a caller of this daemon, or it is over. */
  of(lease: Lease): readonly Attachment[] | null;
}

export interface Lease {
  readonly queue: string;
  readonly leaseId: string;
}

interface Held {
  readonly queue: string;
  readonly attachments: readonly Attachment[];
  until: number;
}

export function createLeasedFiles(clock: Pick<Clock, "now">): LeasedFiles {
  const held = new Map<string, Held>();
  let files = 0;

  function drop(leaseId: string): void {
    files -= held.get(leaseId)?.attachments.length ?? 0;
    held.delete(leaseId);
  }

  /** Those that are over go first, then whichever is over next. */
  function makeRoom(): void {
    if (files <= fileLimits.leasedFilesMax && held.size <= fileLimits.leasedFilesMax) return;
    const byEnd = [...held].sort(([, a], [, b]) => a.until - b.until);
    for (const [leaseId, { until }] of byEnd) {
      const isFull = files > fileLimits.leasedFilesMax || held.size > fileLimits.leasedFilesMax;
      if (until > clock.now() && !isFull) return;
      drop(leaseId);
    }
  }

  return {
    keep({ queue, leaseId }, attachments, forMs) {
      drop(leaseId);
      held.set(leaseId, { queue, attachments, until: clock.now() + forMs });
      files += attachments.length;
      makeRoom();
    },
    extend(leaseId, forMs) {
      const known = held.get(leaseId);
      if (known !== undefined) known.until = Math.max(known.until, clock.now() + forMs);
    },
    drop,
    of({ queue, leaseId }) {
      const known = held.get(leaseId);
      return known === undefined || known.queue !== queue || known.until <= clock.now() ? null : known.attachments;
    },
  };
}
