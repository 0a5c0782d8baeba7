import type { Client } from "../client/client.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { MessageView, ReceiptStage, SendResult } from "../protocol/local-api.ts";
import type { CommandContext } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { filesSentText } from "./message-state.ts";

/** What `--wait` takes. */
export const waitStages = [
  "queued",
  "accepted",
  "delivered",
  "injected",
  "read",
] as const satisfies readonly ReceiptStage[];

export interface Waiting {
  readonly stage: (typeof waitStages)[number];
  readonly timeoutMs: number;
}

/** How waiting for a stage ended. */
export interface Waited {
  readonly message: MessageView;
  /** The newest stage that is true, or how the message ended. */
  readonly known: string;
  readonly exitCode: number;
  /** Why the stage was not reached; null when it was. */
  readonly error: ClaudemeshError | null;
}

/** What is known when the time is over decides the exit code. */
const lateExitCodes: Readonly<Record<ReceiptStage, number>> = {
  queued: exitCodes.waitTimedOut,
  accepted: exitCodes.waitAccepted,
  delivered: exitCodes.waitDelivered,
  injected: exitCodes.waitInjected,
  read: exitCodes.ok,
};

/** Waits until a message that was sent has reached a stage. Throws what has nothing to do with the message. */
export async function awaitStage(
  { out, signal }: CommandContext,
  client: Client,
  sent: SendResult,
  { stage, timeoutMs }: Waiting,
): Promise<Waited> {
  const onLook = (message: MessageView): void => {
    const files = filesSentText(message);
    out.progress(
      `waiting for ${stage}: ${sent.client_message_id} is ${newest(message)}${files === null ? "" : `, its files: ${files}`}`,
    );
  };
  try {
    const message = await client.waitFor(String(sent.outbox_id), stage, { signal, timeoutMs, onLook });
    // Read without having been put into a session: further than what was waited for.
    const known = message.stages.some((reached) => reached.stage === stage) ? stage : newest(message);
    return { message, known, exitCode: exitCodes.ok, error: null };
  } catch (thrown) {
    const message = thrown instanceof ClaudemeshError ? thrown.details["message"] : undefined;
    if (!(thrown instanceof ClaudemeshError) || message === undefined) throw thrown;
    return late(thrown, message as MessageView, { stage, timeoutMs });
  }
}

function late(thrown: ClaudemeshError, message: MessageView, { stage, timeoutMs }: Waiting): Waited {
  const inspect = `claudemesh outbox inspect ${message.outbox_id}`;
  if (thrown.code !== "timed_out") {
    const error = new ClaudemeshError(thrown.code, thrown.message, { hint: inspect });
    return { message, known: message.status, exitCode: exitCodes.neverSent, error };
  }
  const known = newest(message);
  const text = `not ${stage} within ${timeoutMs / 1_000} s; it stays on its way`;
  const error = new ClaudemeshError("timed_out", text, { hint: inspect });
  return { message, known, exitCode: lateExitCodes[known], error };
}

function newest(message: MessageView): ReceiptStage {
  return message.stages.at(-1)?.stage ?? "queued";
}
