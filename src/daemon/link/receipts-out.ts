import type { ReceiptItem } from "../../protocol/frames.ts";
import { receiptBytes, sign, verify } from "../../protocol/signing.ts";
import type { MemberKeys } from "./member-keys.ts";
import type { OpeningContext } from "./opening.ts";

const receiptsPerFrame = 256;

/** Sends what the inbox owes to senders, signed; an item leaves the inbox once the broker has passed it on or kept it. */
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

  async function run(): Promise<void> {
    for (;;) {
      again = false;
      const pending = inbox.pendingReceipts(receiptsPerFrame);
      if (pending.length > 0) {
        const items = pending.map(({ item }): ReceiptItem => {
          const unsigned = { ...item, from: identity.memberId };
          return { ...unsigned, signature: sign(identity.signingKey, receiptBytes(unsigned, mesh.mesh_id)) };
        });
        await request({ type: "receipt", items });
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

/** Whether the receipt is signed by the member it says it is from. */
export function receiptHolds(item: ReceiptItem, meshId: string, keyOf: MemberKeys): boolean {
  const { signature, ...unsigned } = item;
  return verify(keyOf(item.from), receiptBytes(unsigned, meshId), signature);
}
