import type { Client } from "../client/client.ts";
import { keepLease } from "../client/keep-lease.ts";
import { outlast } from "../client/outlast.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { limits } from "../protocol/limits.ts";
import type { ClaimedMessage, LeaseEnded } from "../protocol/local-api.ts";
import type { CommandContext } from "./command.ts";
import { oneLine } from "./printable.ts";
import { type Ended, endText, runChild } from "./run-child.ts";
import { oneLineValues, senderValues } from "./run-for-message.ts";
import { lastWordsMs } from "./last-words.ts";

export interface Work {
  readonly client: Client;
  readonly context: Pick<CommandContext, "env" | "out" | "flag" | "signal">;
  readonly queue: string;
  readonly mesh: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly lease_s: number;
  /** Before a message whose command has failed is available again. */
  readonly delay_s: number;
}

/**
 * Runs the command for one message and extends the lease as long as it runs; acknowledges the message when it ends with
 * 0, and gives it back when it does not. True: acknowledged. When the lease is lost, the message is somebody else's: the
 * command is stopped. Stopped itself, it lets the command end in good order, and tells what became of it.
 */
export async function workOn(message: ClaimedMessage, work: Work): Promise<boolean> {
  const { out, flag } = work.context;
  const lost = new AbortController();
  out.progress(`message ${message.history_id}: the command runs`);
  const lease = { queue: work.queue, lease_id: message.lease_id, lease_s: work.lease_s };
  const keeping = keepLease(work.client, lease, () => lost.abort());
  let ended: Ended;
  try {
    ended = await run(message, work, AbortSignal.any([work.context.signal, lost.signal]));
  } catch (thrown) {
    const error = new ClaudemeshError("usage", `${oneLine(work.file, 60)} cannot be run: ${textOf(thrown)}`, {
      hint: "the words after -- are a program and its arguments",
    });
    await end(work, () => giveBack(message, work, error.message)).catch(() => undefined);
    throw error;
  } finally {
    keeping.stop();
  }
  const outcome = await settle(message, work, ended, lost.signal.aborted);
  if (flag("json")) out.json({ history_id: message.history_id, ...ended, state: outcome.state });
  if (outcome.state !== "done") out.note(`error: message ${message.history_id}: ${outcome.text}`);
  return outcome.state === "done";
}

interface Outcome {
  /** `lost`: the lease was over first, so the message is delivered again. */
  readonly state: LeaseEnded["state"] | "lost";
  readonly text: string;
}

async function settle(message: ClaimedMessage, work: Work, ended: Ended, lost: boolean): Promise<Outcome> {
  const how = "unavailable" in message ? message.unavailable : `the command ended ${endText(ended)}`;
  const done = ended.exit_code === 0;
  if (lost) return { state: "lost", text: `the lease was lost while the command ran, so it was stopped` };
  try {
    const { state } = await end(work, () =>
      done
        ? work.client.queues.ack(work.queue, message.lease_id, callOptions(work))
        : giveBack(message, work, work.context.signal.aborted ? `the worker was stopped; ${how}` : how),
    );
    return { state, text: state === "dead" ? `${how}; it is a dead letter now` : `${how}; it was given back` };
  } catch (thrown) {
    const error = ClaudemeshError.from(thrown);
    if (error.code !== "lease_lost" && !error.retryable) throw error;
    return { state: "lost", text: `${how}, and the broker did not hear of it in time: ${error.message}` };
  }
}

/** A broker or daemon that is away must not make the command run again for what it has done: tried as long as the lease may last. */
function end(work: Work, tell: () => Promise<LeaseEnded>): Promise<LeaseEnded> {
  if (work.context.signal.aborted) return tell();
  return outlast(tell, { signal: work.context.signal, forMs: work.lease_s * 1_000 });
}

function giveBack(message: ClaimedMessage, work: Work, reason: string): Promise<LeaseEnded> {
  const choice = { delay_s: work.delay_s, reason: oneLine(reason, limits.nackReasonCharsMax) };
  return work.client.queues.nack(work.queue, message.lease_id, choice, callOptions(work));
}

/** What is under way when the worker is told to stop is not given up with it: there is a moment for the last word. */
function callOptions({ context }: Work): { readonly timeoutMs?: number } {
  return context.signal.aborted ? { timeoutMs: lastWordsMs } : {};
}

/** The body comes on standard input as it was sent, what is known of the message in the environment. */
async function run(message: ClaimedMessage, work: Work, signal: AbortSignal): Promise<Ended> {
  // Nobody is to work on what could not be proven to be the sender's.
  if ("unavailable" in message) return { exit_code: null, signal: null };
  return runChild({
    file: work.file,
    args: work.args,
    env: { ...work.context.env, ...environment(message, work) },
    stdin: Buffer.from(message.body, "base64url"),
    output: work.context.flag("json") ? "stderr" : "stdout",
    signal,
  });
}

function environment(message: Extract<ClaimedMessage, { body: string }>, { queue, mesh }: Work) {
  return oneLineValues({
    ...senderValues(message),
    CLAUDEMESH_QUEUE: queue,
    CLAUDEMESH_ID: message.client_message_id ?? "",
    CLAUDEMESH_MESSAGE_ID: message.broker_message_id,
    CLAUDEMESH_HISTORY_ID: String(message.history_id),
    CLAUDEMESH_DELIVERIES: String(message.deliveries),
    CLAUDEMESH_LEASE_ID: message.lease_id,
    CLAUDEMESH_PRIORITY: message.priority,
    CLAUDEMESH_CONTENT_TYPE: message.content_type,
    CLAUDEMESH_META: message.meta === null ? "" : JSON.stringify(message.meta),
    CLAUDEMESH_MESH: mesh,
  });
}

function textOf(thrown: unknown): string {
  return ClaudemeshError.from(thrown).message;
}
