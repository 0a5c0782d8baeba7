import type { KeyObject } from "node:crypto";

/** An x25519 key of this member, in use or rotated away: what was sealed to it still opens. */
export interface OwnKey {
  /** 64 hex characters. */
  readonly publicKey: string;
  /** The private half. */
  readonly key: KeyObject;
  /** Rotated away, and in its grace. */
  readonly archived?: boolean;
}
