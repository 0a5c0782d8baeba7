import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { BrokerLimits } from "../broker-limits.ts";
import type { BlobStore } from "../files/blob-store.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { BrokerStore, MemberRow } from "../store/store.ts";

/** Work on all meshes in chunks, so that accepting goes on between two of them. */
export type UpkeepJob = (parts: UpkeepParts, how: JobOptions) => Promise<JobReport>;

export interface JobOptions {
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean;
  /** The broker stops: the job ends after its chunk. */
  readonly signal: AbortSignal;
  /** Since when the job has run on its schedule, each time to its end and in time; null: it has not. */
  readonly unbrokenSince: number | null;
}

/** Figures by name: rows removed or that would be, findings by kind. */
export type JobReport = Readonly<Record<string, number>>;

export interface UpkeepParts {
  readonly store: BrokerStore;
  /** null: this broker has no place for files. */
  readonly blobStore: BlobStore | null;
  readonly limits: Pick<BrokerLimits, "blobClaimMs" | "ephemeralKeptMs">;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: BrokerMetrics;
  readonly messageRetentionDays: number;
  /** Whether this broker does what the clock calls for. */
  due(): boolean;
  /** An ephemeral member was forgotten. */
  expired(member: MemberRow): void;
  /** A member was left a notice. */
  noticed(meshId: string, memberId: string): void;
}

/**
 * After every chunk. A store that works synchronously answers within the same turn of the event loop: without this, no
 * link would be read and no batch accepted until the whole job is done.
 */
export function letOthersRun(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
