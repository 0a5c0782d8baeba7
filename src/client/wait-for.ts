import { ClaudemeshError } from "../protocol/error.ts";
import { type ErrorCode, errorCodes } from "../protocol/error-codes.ts";
import type { MessageView, ReceiptStage } from "../protocol/local-api.ts";
import type { Client } from "./client.ts";
import { type CallOptions, startDeadline } from "./deadline.ts";

export interface WaitOptions extends CallOptions {
  /** Called with the message whenever it was looked at. */
  readonly onLook?: (message: MessageView) => void;
}

/** Receipts come as events; rows that end dead do not, so the row is looked at this often as well. */
const lookIntervalMs = 500;

/**
 * Resolves with the message once `stage` is listed among its stages; `injected` also once it is read, which may be without it. The time limit is `timeoutMs` (default 30 s);
 * timed_out then carries the message as last seen in `details.message`.
 */
export async function waitFor(
  client: Client,
  id: string,
  stage: ReceiptStage,
  options: WaitOptions = {},
): Promise<MessageView> {
  const deadline = startDeadline(options, `waiting for ${stage}`);
  const ended = new AbortController();
  let look: () => void = () => {};
  const watching = watch(client, ended.signal, () => look());
  deadline.signal.addEventListener("abort", () => look(), { once: true });
  let last: MessageView | null = null;
  try {
    for (;;) {
      // Armed before asking: a receipt that comes while the answer is under way is not missed.
      const due = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, lookIntervalMs);
        look = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      last = await client.message(id, { signal: deadline.signal, answered: last !== null });
      options.onLook?.(last);
      if (hasReached(last, stage)) return last;
      if (last.status === "dead" || last.status === "aborted") throw neverSent(last);
      if (last.last_error?.code === "undecryptable") throw neverOpened(last, last.last_error.message);
      await due;
    }
  } catch (thrown) {
    if (!(thrown instanceof ClaudemeshError) || thrown.code !== "timed_out") throw thrown;
    const known = last?.stages.at(-1)?.stage ?? "queued";
    throw new ClaudemeshError("timed_out", `not ${stage} yet: the message is ${known}`, {
      hint: "it stays on its way; claudemesh outbox list shows what still waits",
      details: last === null ? {} : { message: last },
    });
  } finally {
    look();
    deadline.done();
    ended.abort();
    await watching;
  }
}

/**
 * What was read without having been put into a session is further than that. No other stage can be passed over: a receipt that comes
 * before the broker's answer is not that answer, by which alone the message's id is known.
 */
function hasReached({ stages }: MessageView, stage: ReceiptStage): boolean {
  return stages.some(({ stage: reached }) => reached === stage || (stage === "injected" && reached === "read"));
}

/** Calls `seen` for every receipt. Without a stream the waiting goes on by looking. */
async function watch(client: Client, signal: AbortSignal, seen: () => void): Promise<void> {
  try {
    for await (const event of client.events({ signal, onOpen: seen })) if (event.event === "receipt") seen();
  } catch (thrown) {
    if (!(thrown instanceof ClaudemeshError)) throw thrown;
  }
}

/** It was sent, and its receiver has said that it will never open it. */
function neverOpened(message: MessageView, why: string): ClaudemeshError {
  return new ClaudemeshError("undecryptable", `the message was sent, and ${why}`, {
    hint: `claudemesh outbox inspect ${message.outbox_id}`,
    details: { message },
  });
}

/** Carries the code of the row's own reason, `id_void` when it has none. */
function neverSent(message: MessageView): ClaudemeshError {
  const reason = message.last_error;
  const code = reason !== null && Object.hasOwn(errorCodes, reason.code) ? (reason.code as ErrorCode) : "id_void";
  return new ClaudemeshError(
    code,
    `the message will not be sent: it ended ${message.status}${reason === null ? "" : ` (${reason.code}: ${reason.message})`}`,
    {
      hint: `claudemesh outbox inspect ${message.outbox_id}`,
      details: { message },
    },
  );
}
