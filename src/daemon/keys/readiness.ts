import type { DestinationKind } from "../../protocol/envelope.ts";
import { activeMember, type MembershipState, mayUse } from "../../protocol/membership/state.ts";
import type { RowError } from "../outbox/next-state.ts";
import type { Directory, Readiness } from "../parts.ts";
import type { EpochSet } from "./epoch-set.ts";

/** A topic or queue as epochs name it. */
export interface KeyedDestination {
  /** `topic:<topic_id>` or `queue:<name>`. */
  readonly destination: string;
  readonly name: string;
  /** `#name` or `queue:name`. */
  readonly address: string;
}

/** null: no topic of that name is known here. */
export function keyedDestination(
  { kind, ref }: { readonly kind: DestinationKind; readonly ref: string },
  directory: Directory | null,
): KeyedDestination | null {
  if (kind === "queue") return { destination: `queue:${ref}`, name: ref, address: `queue:${ref}` };
  const topic = directory?.topics.find(({ name }) => name === ref);
  return topic === undefined ? null : { destination: `topic:${topic.topic_id}`, name: ref, address: `#${ref}` };
}

/** As Keyring.readyFor; `missing`: the topic or queue needs a key that is not there, or a new one. */
export function readiness(
  to: { readonly kind: DestinationKind; readonly ref: string },
  state: MembershipState | null,
  directory: Directory | null,
  epochs: EpochSet,
  memberId: string,
): Readiness | { readonly missing: KeyedDestination; readonly reason: RowError } {
  if (state === null)
    return waits(
      "mesh_unsealed",
      "this home holds no membership of its mesh, so nothing can be sealed: claudemesh mesh seal",
    );
  const self = activeMember(state, memberId);
  if (self === null) return waits("not_a_member", "this member has left the mesh, or was revoked");
  if (to.kind === "dm") return readyForMember(to.ref.slice(0, 64), state);
  const target = keyedDestination(to, directory);
  if (target === null) return waits("waits_for_key", `the broker has not told of #${to.ref} yet`);
  if (!mayUse(self, target.address)) return never("not_allowed", `this member may not use ${target.address}`);
  const tip = epochs.tip(target);
  if (tip !== null && tip.key !== null && epochs.isFresh(tip, state)) return { ready: true };
  return {
    missing: target,
    reason: { code: "waits_for_key", message: `a key for ${target.address} is being made or fetched` },
  };
}

function readyForMember(memberId: string, state: MembershipState): Readiness {
  const member = state.members.get(memberId);
  if (member === undefined) return waits("waits_for_key", "the membership does not name this member yet");
  if (member.status !== "active") {
    const what = member.status === "left" ? "has left the mesh" : "was revoked";
    return never("not_a_member", `@${member.name} ${what}; nothing is sealed to its key any more`);
  }
  return { ready: true };
}

function waits(code: string, message: string): Readiness {
  return { ready: false, reason: { code, message }, forGood: false };
}

function never(code: string, message: string): Readiness {
  return { ready: false, reason: { code, message }, forGood: true };
}
