import { createHash } from "node:crypto";
import type { Client } from "../client/client.ts";
import type { InboxItem, MessageView, Page, ReceiptStage, SendResult } from "../protocol/local-api.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { Content } from "./demo-content.ts";

/** One message of the demo: what was sent, and which stages its receipts have told. */
export interface Entry {
  readonly id: string;
  readonly kind: "direct" | "topic";
  readonly content: Content;
  readonly sha256: string;
  readonly stages: Set<ReceiptStage>;
}

/** Keeps what was sent, and prints each stage at the moment it is told. */
export interface Ledger {
  readonly entries: readonly Entry[];
  /** Sends one content; resolves once it is queued. */
  send(kind: "direct" | "topic", content: Content): Promise<Entry>;
  /** Resolves when `holds`, judged anew at every receipt; rejects at the deadline or when the signal is aborted. */
  until(what: string, holds: () => boolean): Promise<void>;
  /** How many of the entries have not reached the stage. */
  without(stage: ReceiptStage, among?: readonly Entry[]): number;
}

const stepDeadlineMs = 20_000;
/** Rows are looked at as well, in case a stage is told late. */
const lookIntervalMs = 500;
const order: readonly ReceiptStage[] = ["queued", "accepted", "delivered"];

export function createLedger(options: {
  readonly sender: Client;
  readonly addresses: { readonly direct: string; readonly topic: string };
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}): Ledger {
  const entries: Entry[] = [];
  const waiting = new Set<() => void>();
  let failure: unknown = null;
  const judgeAll = (): void => {
    for (const judge of waiting) judge();
  };
  /** A stage implies those before it, also when two become true so quickly that only the later one is told. */
  const tell = (entry: Entry, reached: ReceiptStage): void => {
    for (const stage of order.slice(0, order.indexOf(reached) + 1)) {
      if (entry.stages.has(stage)) continue;
      entry.stages.add(stage);
      options.print(`   ${stage.padEnd(9)}  ${entry.kind.padEnd(6)}  ${entry.content.label}`);
    }
    judgeAll();
  };
  const take = (
    message: Pick<MessageView, "client_message_id" | "status" | "last_error">,
    stage: ReceiptStage,
  ): void => {
    const entry = entries.find((known) => known.id === message.client_message_id);
    if (entry === undefined) return;
    if (message.status === "dead" || message.status === "aborted") {
      failure ??= new ClaudemeshError(
        "internal",
        `${entry.content.label} ended ${message.status}: ${message.last_error?.message ?? ""}`,
      );
    }
    tell(entry, stage);
  };
  const watch = async (): Promise<void> => {
    for await (const event of options.sender.events({ after: 0, signal: options.signal })) {
      if (event.event === "receipt") take(event.data as unknown as MessageView, event.data["stage"] as ReceiptStage);
    }
  };
  const look = async (): Promise<void> => {
    for (const entry of entries.filter(({ stages }) => !stages.has("delivered"))) {
      // A row that is still being written is not found yet.
      const message = await options.sender.message(entry.id, { signal: options.signal }).catch(() => null);
      if (message !== null) take(message, message.stages.at(-1)?.stage ?? "queued");
    }
  };
  watch().catch((error: unknown) => {
    failure = error;
    judgeAll();
  });

  return {
    entries,
    async send(kind, content) {
      const entry: Entry = {
        id: `demo-${entries.length + 1}`,
        kind,
        content,
        sha256: sha256(content.bytes),
        stages: new Set(),
      };
      entries.push(entry);
      const sent: SendResult = await options.sender.send(
        {
          to: options.addresses[kind],
          body: content.bytes.toString("base64url"),
          content_type: "application/octet-stream",
          client_message_id: entry.id,
        },
        { signal: options.signal },
      );
      if (sent.duplicate) throw new ClaudemeshError("internal", `${entry.id} was sent twice`);
      tell(entry, "queued");
      return entry;
    },
    until(what, holds) {
      return new Promise((resolve, reject) => {
        const end = (settle: () => void): void => {
          clearTimeout(timer);
          clearInterval(looking);
          waiting.delete(judge);
          options.signal.removeEventListener("abort", onAbort);
          settle();
        };
        const judge = (): void => {
          if (failure !== null) end(() => reject(failure));
          else if (holds()) end(resolve);
        };
        const onAbort = (): void => end(() => reject(options.signal.reason));
        const timer = setTimeout(
          () => end(() => reject(new ClaudemeshError("timed_out", `${what}: not within ${stepDeadlineMs / 1_000} s`))),
          stepDeadlineMs,
        );
        const looking = setInterval(() => void look(), lookIntervalMs);
        options.signal.addEventListener("abort", onAbort, { once: true });
        waiting.add(judge);
        if (options.signal.aborted) onAbort();
        else judge();
      });
    },
    without: (stage, among = entries) => among.filter((entry) => !entry.stages.has(stage)).length,
  };
}

/** What the receiver holds of what was sent, by comparing contents. */
export interface Tally {
  readonly sent: number;
  readonly deliveredOnce: number;
  readonly lost: number;
  readonly shownTwice: number;
  /** Arrived, with other content than was sent. */
  readonly changed: number;
}

/** `shown` are the messages that the receiver's event stream told, beside what its inbox lists. */
export function tally(entries: readonly Entry[], inbox: readonly InboxItem[], shown: readonly InboxItem[]): Tally {
  const own = (items: readonly InboxItem[], entry: Entry): readonly InboxItem[] =>
    items.filter((item) => item.client_message_id?.endsWith(`:${entry.id}`) === true);
  let [deliveredOnce, lost, shownTwice, changed] = [0, 0, 0, 0];
  for (const entry of entries) {
    const items = own(inbox, entry);
    const [item] = items;
    if (item === undefined) lost += 1;
    else if (items.length > 1 || own(shown, entry).length > 1) shownTwice += 1;
    else if (sha256(Buffer.from(item.body, "base64url")) !== entry.sha256) changed += 1;
    else deliveredOnce += 1;
  }
  return { sent: entries.length, deliveredOnce, lost, shownTwice, changed };
}

export async function wholeInbox(client: Client): Promise<InboxItem[]> {
  const found: InboxItem[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<InboxItem> = await client.inbox.list({ limit: 100, ...(cursor === null ? {} : { cursor }) });
    found.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return found;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
