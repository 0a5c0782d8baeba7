import type { KeyObject } from "node:crypto";
import { createInTurn } from "../../base/in-turn.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import { limits } from "../../protocol/limits.ts";
import { signKeyProof } from "../../protocol/membership/entry.ts";
import { activeMember, type MembershipState } from "../../protocol/membership/state.ts";
import type { Membership } from "../parts.ts";
import type { Keypair } from "./keypair.ts";
import type { OwnKeys } from "./own-keys.ts";

/** What a member's keys change by (own-keys.ts has the steps): the part that needs the mesh. */
export interface Rotation {
  /**
   * New keys, in force when it resolves; what was begun earlier is finished instead of begun anew. Rejects broker_unreachable and the
   * refusals of an entry with nothing begun, and outcome_pending where it has begun and the next link settles it.
   */
  rotate(): Promise<{ readonly keyIdBefore: string }>;
  /** The link stands and the chain was followed: finishes, or gives up, what an earlier process or a lost answer has left. */
  settle(): Promise<void>;
  /** What a hello is signed by. */
  dialKeys(): { readonly keyId: string; readonly signingKey: KeyObject };
  /**
   * The broker refused the hello's key. True, once, where other keys may be the ones that it knows: it took the entry, and its answer was
   * lost.
   */
  refused(): boolean;
}

/** By which no later attempt at the same entry could be taken. */
const finalRefusals: ReadonlySet<ErrorCode> = new Set(["membership_invalid", "not_allowed", "not_a_member"]);

export function createRotation({
  keys,
  meshId,
  membership,
  log,
}: {
  readonly keys: OwnKeys;
  readonly meshId: string;
  readonly membership: Membership;
  readonly log: Log;
}): Rotation {
  const inTurn = createInTurn();
  let dialsWithNext = false;

  // In the turn in which the entry comes into force: nothing is sealed between the head that it makes and the keys that it names.
  membership.onChange((entry, state) => {
    if (entry.kind === "rotate" && entry.by === keys.memberId) keys.follow(state);
  });

  /** Resolves when the pending keys, or where there are none new ones, are in force. */
  async function bringIntoForce(): Promise<void> {
    let wanted = keys.next;
    try {
      await membership.append((state) => {
        // The broker had the entry all along, and has just told it.
        if (wanted !== null && keys.keyId === wanted.keyId) throw new InForce();
        requireRoom(state, keys.memberId);
        wanted ??= keys.begin();
        return { kind: "rotate", keys: proven(wanted) };
      });
    } catch (thrown) {
      if (thrown instanceof InForce || (wanted !== null && keys.keyId === wanted.keyId)) return;
      const error = ClaudemeshError.from(thrown);
      if (wanted === null) throw error;
      if (!finalRefusals.has(error.code)) throw pending(error);
      keys.abandon(error.message);
      throw error;
    }
  }

  function proven(next: Keypair) {
    const pair = { ed25519_pubkey: next.ed25519PublicKey, x25519_pubkey: next.x25519PublicKey };
    return signKeyProof(meshId, keys.memberId, pair, next.signingKey);
  }

  return {
    rotate: () =>
      inTurn(async () => {
        const keyIdBefore = keys.keyId;
        await bringIntoForce();
        keys.tidy();
        return { keyIdBefore };
      }),
    settle: () =>
      inTurn(async () => {
        if (keys.next === null) return;
        try {
          await bringIntoForce();
          log.info({ key_id: keys.keyId }, "a change of keys that had begun earlier is done");
          keys.tidy();
        } catch (thrown) {
          const { code, message } = ClaudemeshError.from(thrown);
          log.warn({ code }, `a change of keys that had begun earlier is not done: ${message}`);
        }
      }),
    dialKeys: () => (dialsWithNext && keys.next !== null ? keys.next : keys),
    refused() {
      dialsWithNext = !dialsWithNext && keys.next !== null;
      return dialsWithNext;
    },
  };
}

/** What was to be brought into force is. */
class InForce extends Error {}

/** Before anything is begun. */
function requireRoom(state: MembershipState, memberId: string): void {
  const had = activeMember(state, memberId)?.keys.length ?? 0;
  if (had < limits.memberKeysMax) return;
  throw new ClaudemeshError("not_allowed", `this member has had ${had} key pairs, and can have no more`, {
    hint: "join with a new member from a home of its own: CLAUDEMESH_HOME=DIR claudemesh join LINK",
  });
}

function pending(cause: ClaudemeshError): ClaudemeshError {
  return new ClaudemeshError(
    "outcome_pending",
    `the change of keys has begun, and it is not known yet whether the broker has it: ${cause.message}`,
    { hint: "it is finished by itself with the next link; claudemesh doctor says what keeps that down", cause },
  );
}
