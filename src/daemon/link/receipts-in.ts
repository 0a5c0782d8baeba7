import type { ReceiptFrame, ReceiptGroup } from "../../protocol/frames.ts";
import type { createMemberKeys } from "./member-keys.ts";
import type { OpeningContext } from "./opening.ts";
import { receiptsHold } from "./receipts-out.ts";

/**
 * Receipts of what this member sent, as their receivers signed them: those that do not hold are nothing. On disk when it resolves, with what
 * the broker is replied: the ids that nothing here was sent under, since another daemon of this member may have sent them.
 */
export async function takeReceipts(
  { groups }: ReceiptFrame,
  { membership, outbox, identity, mesh }: Pick<OpeningContext, "membership" | "outbox" | "identity" | "mesh">,
  request: Parameters<OpeningContext["membership"]["follow"]>[0],
  keyOf: ReturnType<typeof createMemberKeys>,
): Promise<{ readonly unknown?: readonly string[] }> {
  const own = groups.filter(({ to }) => to === identity.memberId);
  const holds = (group: ReceiptGroup): boolean => receiptsHold(group, mesh.mesh_id, keyIdsOf(group.from), keyOf);
  // Signed by keys that came into force a moment ago: a receipt that is let go does not come again.
  if (!own.every(holds) && membership.state() !== null) await membership.follow(request);
  const proven = own.filter(holds);
  // Its receiver may have changed its key a moment ago: by the new one the message is sealed again.
  if (proven.some(({ items }) => items.some(({ state }) => state === "undecryptable")))
    await membership.follow(request);
  const unknown = await outbox.applyReceipts(
    proven.flatMap(({ from, items }) =>
      items.map(({ client_message_id: wireId, request_fingerprint: fingerprint, state, at }) => ({
        wireId,
        fingerprint,
        from,
        state,
        at,
      })),
    ),
  );
  return unknown.length === 0 ? {} : { unknown };

  /** Of a member, newest first: what it signed before it changed its keys holds. */
  function keyIdsOf(memberId: string): readonly string[] {
    const keys = membership.state()?.members.get(memberId)?.keys;
    return keys === undefined ? [memberId] : keys.map(({ keyId }) => keyId).reverse();
  }
}
