import { createHash } from "node:crypto";
import type { Client } from "../client/client.ts";
import type { InboxItem, LocalEvent, Page, ReceiptStage, SendResult } from "../protocol/local-api.ts";
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

export function createLedger(options: {
  readonly sender: Client;
  readonly addresses: { readonly direct: string; readonly topic: string };
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}): Ledger {
  const entries: Entry[] = [];
  const waiting = new Set<() => void>();
  const tell = (entry: Entry, stage: ReceiptStage): void => {
    if (entry.stages.has(stage)) return;
    // The broker's answer can be told before the daemon's own answer is read; it implies that one.
    if (stage !== "queued") tell(entry, "queued");
    entry.stages.add(stage);
    options.print(`   ${stage.padEnd(9)}  ${entry.kind.padEnd(6)}  ${entry.content.label}`);
    for (const judge of waiting) judge();
  };
  const take = (event: LocalEvent): void => {
    if (event.event !== "receipt") return;
    const entry = entries.find((known) => known.id === event.data["client_message_id"]);
    if (entry !== undefined) tell(entry, event.data["stage"] as ReceiptStage);
  };
  let failure: unknown = null;
  void (async () => {
    try {
      for await (const event of options.sender.events({ after: 0, signal: options.signal })) take(event);
    } catch (error) {
      failure = error;
      for (const judge of waiting) judge();
    }
  })();

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
