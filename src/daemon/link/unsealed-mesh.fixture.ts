import type { ChainMember, MembershipState } from "../../protocol/membership/state.ts";
import type { Keyring, Membership } from "../parts.ts";

/** The mesh of {@link checkedPush}'s messages. */
export const plainMesh = {
  mesh_id: "0198f0a0-0000-7000-8000-000000000001",
  slug: "local",
  member_name: "ada",
  broker_url: "ws://127.0.0.1:9/v1/link",
  broker_key: "ab".repeat(32),
  certificate_print: null,
};

/** Membership and keys for tests of what was sent before the mesh was sealed: those members are in it, all of the log is from before. */
export function unsealedMesh(
  members: Readonly<Record<string, string>>,
  change: Partial<MembershipState> = {},
): {
  readonly membership: Pick<Membership, "state">;
  readonly keyring: Pick<Keyring, "open" | "hasEpochKey" | "follow" | "rotate" | "present">;
} {
  const state: MembershipState = {
    meshId: "",
    n: 0,
    head: "",
    places: new Map(),
    members: new Map(Object.entries(members).map(([id, name]) => [id, chainMember(id, name)])),
    names: new Map(),
    invites: new Map(),
    usableUntil: [],
    opened: new Map(),
    unsealedThrough: { epoch: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER },
    narrowedAt: 0,
    ...change,
  };
  return {
    membership: { state: () => state },
    keyring: {
      open: () => ({ content: null, reason: "there are no keys", forGood: true }),
      hasEpochKey: () => false,
      follow: async () => undefined,
      rotate: async () => {
        throw new TypeError("there are no keys");
      },
      present: () => null,
    },
  };
}

export function chainMember(memberId: string, name: string, change: Partial<ChainMember> = {}): ChainMember {
  return {
    memberId,
    name,
    role: "member",
    roles: [{ role: "member", since: 0 }],
    status: "active",
    keys: [{ keyId: memberId, x25519: "00".repeat(32), since: 0 }],
    since: 0,
    joinedAt: "2026-01-01T00:00:00.000Z",
    until: null,
    through: null,
    dmFrom: null,
    destinations: null,
    destinationsSince: 0,
    entries: 0,
    ...change,
  };
}
