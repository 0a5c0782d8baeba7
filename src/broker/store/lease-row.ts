import { leaseLost } from "./queue-refusals.ts";
import type { QueueRow } from "./queue-store.ts";

/** What a lease that somebody shows says about its message. */
export interface LeaseRow {
  readonly queue: QueueRow;
  readonly seq: number;
  readonly state: string;
  readonly deliveries: number;
  readonly leaseUntil: number;
}

export function readLease(queue: QueueRow, seq: number, row: Readonly<Record<string, unknown>>): LeaseRow {
  return {
    queue,
    seq,
    state: String(row["state"]),
    deliveries: Number(row["deliveries"]),
    leaseUntil: Number(row["lease_until"]),
  };
}

/** The time at which the lease is over; throws lease_lost when that has come. */
export function requireEffective(row: LeaseRow, now: number): number {
  if (row.state !== "leased" || row.leaseUntil <= now) throw leaseLost();
  return row.leaseUntil;
}
