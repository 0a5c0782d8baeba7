import type { MemberInfo } from "./frames.ts";
import type { InviteTransport } from "./invite.ts";

/** An invite as every member who looks after invites is shown it. */
export interface InviteInfo {
  /** The invite's public key, 64 lower-case hex characters; the link holds the private one. */
  readonly invite_id: string;
  readonly role: MemberInfo["role"];
  readonly state: "open" | "used" | "expired" | "revoked";
  /** Members it may admit, and has admitted. */
  readonly uses: number;
  readonly used: number;
  readonly created_at: string;
  readonly expires_at: string;
  /** member_id of who made it. */
  readonly created_by: string;
}

/** How others reach this broker, for an invite to say. */
export interface BrokerReach {
  readonly authority: string;
  readonly transport: InviteTransport;
  /** Only programs on the broker's own host reach it so. */
  readonly loopback: boolean;
}
