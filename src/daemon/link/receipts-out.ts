import type { ReceiptGroup, ReceiptItem } from "../../protocol/frames.ts";
import { receiptBytes, sign, verify } from "../../protocol/signing.ts";
import type { PendingReceipt } from "../parts.ts";
import type { MemberKeys } from "./member-keys.ts";
import type { OpeningContext } from "./opening.ts";

const receiptsPerFrame = 256;

/** Sends what the inbox owes to senders, signed; it leaves the inbox once the broker says that it is on another disk. */
export interface ReceiptsOut {
  wake(): void;
}

export function createReceiptsOut(
  context: OpeningContext,
  request: (frame: { type: string } & Record<string, unknown>) => Promise<unknown>,
): ReceiptsOut {
  const { inbox, identity, mesh, log } = context;
  let running = false;
  let again = false;

  /** One group, and one signature, for each sender. */
  function signed(pending: readonly PendingReceipt[]): ReceiptGroup[] {
    const byRecipient = new Map<string, ReceiptItem[]>();
    for (const { to, item } of pending) {
      const items = byRecipient.get(to);
      if (items === undefined) byRecipient.set(to, [item]);
      else items.push(item);
    }
    return [...byRecipient].map(([to, items]) => {
      const group = { to, from: identity.memberId, items };
      return { ...group, signature: sign(identity.signingKey, receiptBytes(group, mesh.mesh_id)) };
    });
  }

  async function run(): Promise<void> {
    for (;;) {
      again = false;
      const pending = inbox.pendingReceipts(receiptsPerFrame);
      if (pending.length > 0) {
        await request({ type: "receipt", groups: signed(pending) });
        await inbox.receiptsSent(pending.map(({ id }) => id));
      } else if (!again) {
        return;
      }
    }
  }

  return {
    wake() {
      again = true;
      if (running) return;
      running = true;
      run()
        .catch((error: unknown) => log.debug({ error: String(error) }, "receipts wait for the next link"))
        .finally(() => {
          running = false;
        });
    },
  };
}

/** Whether the group is signed by the member it says it is from. */
export function receiptsHold(group: ReceiptGroup, meshId: string, keyOf: MemberKeys): boolean {
  return verify(keyOf(group.from), receiptBytes(group, meshId), group.signature);
}
