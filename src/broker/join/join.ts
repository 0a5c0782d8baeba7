import {
  type BrokerProof,
  type Joined,
  type MembershipPage,
  type MembershipRead,
  membershipReadHolds,
} from "../../protocol/admission.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { MembershipEntry } from "../../protocol/membership/entry.ts";
import { brokerProofBytes, sign } from "../../protocol/signing.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { requireInviteOpenNow } from "../membership/rules.ts";
import type { LinkParts } from "../link/link-parts.ts";

export interface JoinParts extends Pick<LinkParts, "store" | "membership" | "clock" | "key" | "authorities"> {
  /** Of the listener that these parts serve; null: it has no TLS. */
  readonly certificatePrint: string | null;
  /** Resolves once the broker knows its own addresses, which is in the moment after its ports opened. */
  readonly listening: Promise<unknown>;
}

/** Clocks may differ by so much. */
const clockSkewMs = 600_000;

/** Nothing is signed for an address that is not ours: the proof would otherwise help somebody who relays it. */
export async function proveBroker(parts: JoinParts, nonce: string, authority: string): Promise<BrokerProof> {
  const { key, clock, authorities, certificatePrint } = parts;
  await parts.listening;
  if (authorities()?.has(authority) !== true) {
    throw new ClaudemeshError("host_forbidden", "this broker is not reached under that name", {
      hint: "its operator can list the name: claudemesh config set --broker listen.authorities",
    });
  }
  const serverTime = rfc3339(clock.now());
  return {
    broker_id: key.brokerId,
    broker_key: key.publicKeyHex,
    server_time: serverTime,
    certificate_print: certificatePrint,
    signature: sign(
      key.privateKey,
      brokerProofBytes({ nonce, brokerId: key.brokerId, serverTime, authority, certificatePrint }),
    ),
  };
}

/**
 * The chain for who holds an invite, and so may know who is in the mesh: also one that is used up or expired, since whoever joined by it
 * may ask again after an answer was lost.
 */
export async function readByInvite(parts: JoinParts, meshId: string, read: MembershipRead): Promise<MembershipPage> {
  if (!membershipReadHolds({ mesh_id: meshId, broker_key: parts.key.publicKeyHex }, read))
    throw new ClaudemeshError("auth_failed", "the invite's signature does not hold for this mesh and broker", {
      hint: "join with the link as it was made: claudemesh join LINK",
    });
  if (Math.abs(Date.parse(read.at) - parts.clock.now()) > clockSkewMs)
    throw new ClaudemeshError(
      "auth_failed",
      `the request was not signed within ten minutes of now, ${rfc3339(parts.clock.now())}`,
      { hint: "set this host's clock" },
    );
  const mesh = await parts.store.meshById(meshId);
  const chain = mesh === null ? null : await parts.membership.known(meshId);
  let invite = chain?.invites.get(read.invite_id);
  // It may have been made at another broker a moment ago, or taken back.
  if (invite === undefined || invite.revoked)
    invite = (await parts.membership.fresh(meshId))?.invites.get(read.invite_id);
  if (mesh === null || invite === undefined) throw unknownInvite();
  if (invite.revoked)
    throw new ClaudemeshError("invite_revoked", "the invite was taken back", {
      hint: "ask for a new one: claudemesh invite",
    });
  const { entries, head } = await parts.membership.page(meshId, read.after);
  return { entries, head, slug: mesh.slug };
}

/** Appends what the broker does not have of these entries. `joined` false: it had the last one, and nothing was used up. */
export async function joinByEntries(
  parts: JoinParts,
  meshId: string,
  entries: readonly MembershipEntry[],
): Promise<{ readonly answer: Joined; readonly joined: boolean }> {
  const last = entries.at(-1);
  // Keys that a broker put back from an old copy has not heard of: the member cannot open a link by them to say so.
  if (last?.kind !== "join" && last?.kind !== "admit" && last?.kind !== "rotate")
    throw new ClaudemeshError("membership_invalid", "the last entry takes nobody in");
  const joinedId = last.kind === "rotate" ? last.by : last.member.member_id;
  const mesh = await parts.store.meshById(meshId);
  // Whoever holds no invite learns nothing of which meshes there are.
  if (mesh === null || (await parts.membership.known(meshId)) === null) throw unknownInvite();
  let joined = false;
  const chain = await parts.membership.append(meshId, entries, {
    begins: false,
    check(entry, state) {
      joined = entry === last;
      requireInviteOpenNow(entry, state, parts.clock.now());
    },
  });
  const member = chain.members.get(joinedId);
  if (member === undefined) throw new TypeError("a member that was taken in is not in the chain");
  const { memberId, name, role } = member;
  return { joined, answer: { mesh_id: meshId, slug: mesh.slug, member_id: memberId, name, role } };
}

export function unknownInvite(): ClaudemeshError {
  return new ClaudemeshError("invite_unknown", "this broker knows no such invite", {
    hint: "ask for a new one: claudemesh invite",
  });
}
