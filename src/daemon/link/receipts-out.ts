import { fullJitter } from "../../base/backoff.ts";
import type { Timer } from "../../base/clock.ts";
import type { ReceiptGroup, ReceiptItem } from "../../protocol/frames.ts";
import { receiptBytes, sign, verify } from "../../protocol/signing.ts";
import type { PendingReceipt } from "../parts.ts";
import type { MemberKeys } from "./member-keys.ts";
import type { OpeningContext } from "./opening.ts";

const receiptsPerFrame = 256;

/** Sends what the inbox owes to senders, signed; it leaves the inbox once the broker says that it is on another disk. */
export interface ReceiptsOut {
  wake(): void;
  /** The link is gone: what is left waits for the next one. */
  closed(): void;
}

export function createReceiptsOut(
  context: OpeningContext,
  request: (frame: { type: string } & Record<string, unknown>) => Promise<unknown>,
): ReceiptsOut {
  const { inbox, identity, mesh, clock, log } = context;
  let running = false;
  let again = false;
  let isClosed = false;
  let failures = 0;
  let retry: Timer | null = null;

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
        failures = 0;
      } else if (!again) {
        return;
      }
    }
  }

  function wake(): void {
    again = true;
    if (running || isClosed) return;
    retry?.cancel();
    running = true;
    run()
      .catch((error: unknown) => {
        log.debug({ error: String(error) }, "receipts wait to be sent again");
        // A sender may wait for them while this link carries nothing else: no later push may ever wake us.
        if (!isClosed) retry = clock.after(fullJitter(failures, undefined, context.random), wake);
        failures += 1;
      })
      .finally(() => {
        running = false;
      });
  }

  return {
    wake,
    closed() {
      isClosed = true;
      retry?.cancel();
    },
  };
}

/** Whether the group is signed by the member that it says it is from: by one of its keys. */
export function receiptsHold(
  group: ReceiptGroup,
  meshId: string,
  keyIds: readonly string[],
  keyOf: MemberKeys,
): boolean {
  const bytes = receiptBytes(group, meshId);
  return keyIds.some((keyId) => verify(keyOf(keyId), bytes, group.signature));
}
