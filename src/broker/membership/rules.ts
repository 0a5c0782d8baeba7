import type { Envelope } from "../../protocol/envelope.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { MembershipEntry } from "../../protocol/membership/entry.ts";
import { activeMember, mayUse, type MembershipState, takesDmFrom } from "../../protocol/membership/state.ts";
import { refusalOf } from "../accept/answer.ts";
import type { BrokerStore, Refusal } from "../store/store.ts";

/** Why a mesh's membership lets an envelope not pass; null: it does. A mesh without a chain has no rules of its own. */
export function refusalByMembership(
  chain: MembershipState | null,
  envelope: Pick<Envelope, "sender" | "destination_kind" | "destination_ref" | "algorithm">,
  byLink: boolean,
): Refusal | null {
  if (chain === null) return null;
  if (byLink && envelope.algorithm === "none")
    return refusalOf("unsealed_body", "This mesh is sealed: only what an API key sends may be unsealed.");
  const sender = activeMember(chain, envelope.sender);
  if (sender === null) return refusalOf("not_a_member", "The sender is no active member of this mesh.");
  const { destination_kind: kind, destination_ref: ref } = envelope;
  if (kind === "dm") {
    const recipient = activeMember(chain, ref.split("/")[0] ?? "");
    if (recipient === null || takesDmFrom(recipient, envelope.sender)) return null;
    return refusalOf("not_allowed", `@${recipient.name} does not take direct messages of @${sender.name}.`);
  }
  const destination = kind === "topic" ? `#${ref}` : `queue:${ref}`;
  return mayUse(sender, destination) ? null : refusalOf("not_allowed", notFor(sender.name, destination));
}

/** Throws for a member that may not use a topic or queue. */
export function requireUse(chain: MembershipState | null, memberId: string, destination: string): void {
  if (chain === null) return;
  const member = activeMember(chain, memberId);
  if (member === null) throw new ClaudemeshError("not_a_member", "that is no active member of this mesh");
  if (mayUse(member, destination)) return;
  throw new ClaudemeshError("not_allowed", notFor(member.name, destination), {
    hint: "an owner or admin of the mesh can let it: claudemesh members shows the roles",
  });
}

/**
 * The chain compares an invite's end with the time that the joiner wrote, which a joiner that comes late could write as it likes: by this
 * broker's clock the invite has to be open too. Throws invite_expired.
 */
export function requireInviteOpenNow(entry: MembershipEntry, chain: MembershipState | null, now: number): void {
  const invite = entry.kind === "join" ? chain?.invites.get(entry.by) : undefined;
  if (invite === undefined || Date.parse(invite.expiresAt) > now) return;
  throw new ClaudemeshError("invite_expired", `the invite was good until ${invite.expiresAt}`, {
    hint: "ask for a new one: claudemesh invite",
  });
}

/** Guests use what others have made. */
export async function requireMaker(
  store: Pick<BrokerStore, "member">,
  meshId: string,
  memberId: string,
  what: "topics" | "queues",
): Promise<void> {
  if ((await store.member(meshId, memberId))?.role !== "guest") return;
  throw new ClaudemeshError("not_allowed", `guests of the mesh make no ${what}`, {
    hint: "ask somebody else; claudemesh members shows the roles",
  });
}

function notFor(name: string, destination: string): string {
  return `@${name} may not use ${destination}: an owner or admin of the mesh has limited it to others`;
}
