import type { LocalEvent } from "../../protocol/local-api.ts";
import type { MembershipEntry } from "../../protocol/membership/entry.ts";
import { type ChainMember, currentKeys, type MembershipState } from "../../protocol/membership/state.ts";

export interface EntryEvent {
  readonly event: LocalEvent["event"];
  readonly data: Record<string, unknown>;
}

/**
 * What local listeners are told of an entry. Called with the state before it; what it returns is called with the state
 * after it.
 */
export function eventsOf(
  before: MembershipState,
  entry: MembershipEntry,
): (after: MembershipState) => readonly EntryEvent[] {
  const nameBefore = "member_id" in entry ? before.members.get(entry.member_id)?.name : undefined;
  return (after) => {
    const by = after.members.get(entry.by);
    const maker = by === undefined ? {} : { by: by.memberId, by_name: by.name };
    const of = (memberId: string): Record<string, unknown> => about(after.members.get(memberId));
    switch (entry.kind) {
      case "create":
      case "admit":
      case "join":
        return [{ event: "member_joined", data: { ...of(entry.member.member_id), ...maker } }];
      case "rename":
        return [
          { event: "member_renamed", data: { ...of(entry.member_id), name_before: nameBefore ?? null, ...maker } },
        ];
      case "rotate":
        return [
          {
            event: "member_keypair_rotated",
            data: { ...of(entry.by), key_id: entry.keys.ed25519_pubkey, key_id_before: entry.key_id },
          },
        ];
      case "revoke":
        return [{ event: "member_revoked", data: { ...of(entry.member_id), ...maker } }];
      case "leave":
        return [{ event: "member_left", data: of(entry.by) }];
      case "invite":
      case "invite_revoke":
      case "role":
      case "dm_from":
      case "grants":
      case "policy":
        return [];
    }
  };
}

function about(member: ChainMember | undefined): Record<string, unknown> {
  if (member === undefined) return {};
  const { memberId, name, role } = member;
  return { member_id: memberId, name, role, key_id: currentKeys(member).keyId };
}
