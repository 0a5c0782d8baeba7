import type { MembershipEntry } from "../../protocol/membership/entry.ts";
import type { MembershipState } from "../../protocol/membership/state.ts";
import type { MembershipEffect } from "../store/membership-store.ts";

/** What an entry changes of what the broker decides by; `state` is the chain's right after it. */
export function effectsOf(entry: MembershipEntry, state: MembershipState): readonly MembershipEffect[] {
  switch (entry.kind) {
    case "create":
    case "admit":
    case "join": {
      const { member_id, name } = entry.member;
      // A joiner's role is its invite's, which the state knows.
      const role = state.members.get(member_id)?.role ?? "guest";
      return [
        { kind: "member_added", member_id, name, role },
        { kind: "member_keys", member_id, x25519_pubkey: entry.member.x25519_pubkey },
      ];
    }
    case "rename":
      return [{ kind: "member_renamed", member_id: entry.member_id, name: entry.name }];
    case "role":
      return [{ kind: "member_role", member_id: entry.member_id, role: entry.role }];
    case "grants":
      return [{ kind: "member_limited", member_id: entry.member_id, destinations: entry.destinations }];
    case "revoke":
      return [{ kind: "member_ended", member_id: entry.member_id, status: "revoked" }];
    case "leave":
      return [{ kind: "member_ended", member_id: entry.by, status: "left" }];
    case "policy":
      return [{ kind: "unsealed", destination: entry.destination, unsealed: entry.unsealed }];
    case "rotate":
      return [{ kind: "member_keys", member_id: entry.by, x25519_pubkey: entry.keys.x25519_pubkey }];
    // They are of the chain alone: whoever is asked looks there.
    case "invite":
    case "invite_revoke":
    case "dm_from":
      return [];
  }
}
