/** By which a daemon takes its host for a copy: it has another id, or none of the wired addresses that it had. */
export type CloneReason = "host_id" | "wired_address";

/** Told to owners and admins alone. `host_changed`: its host_print is another one than before. */
export interface CloneEventFrame {
  readonly type: "event";
  readonly event: "member_clone_suspected";
  readonly member_id: string;
  readonly reason: CloneReason | "host_changed";
}
