import { randomBytes } from "node:crypto";

const randomBytesOfLease = 16;

/** A new lease_id of the message at `seq`. It names its row, so that no index over leases is needed. Opaque to others. */
export function newLeaseId(seq: number): string {
  return `${seq}-${newLeaseSecret()}`;
}

/** The part that nobody else knows. */
export function newLeaseSecret(): string {
  return randomBytes(randomBytesOfLease).toString("base64url");
}

/** The message's sequence number; null for what cannot be a lease_id. */
export function seqOfLease(leaseId: string): number | null {
  const digits = /^([1-9]\d{0,15})-[A-Za-z0-9_-]{22}$/.exec(leaseId)?.[1];
  const seq = Number(digits);
  return Number.isSafeInteger(seq) ? seq : null;
}
