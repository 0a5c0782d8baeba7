import type { Client } from "../../client/client.ts";
import { outlast } from "../../client/outlast.ts";
import type { InboxItem } from "../../protocol/local-api.ts";
import type { OfferedMessage } from "../../protocol/offers-api.ts";
import { limits } from "../../protocol/limits.ts";
import type { CommandContext } from "../command.ts";
import { type Ended, endText } from "../run-child.ts";
import { runForMessage } from "../run-for-message.ts";
import type { Offered, OwnSession } from "./attend.ts";
import { keepOffers } from "./keep-offers.ts";
import { readReply } from "./read-reply.ts";
import { retryDelaySeconds } from "./retry-delay.ts";
import { type Answered, sendAnswer } from "./send-answer.ts";
import { lastWords, untilLastWords } from "../last-words.ts";

export interface CommandRun {
  readonly client: Client;
  readonly context: Pick<CommandContext, "env" | "out" | "flag" | "signal">;
  readonly session: OwnSession;
  readonly agent: string;
  readonly mesh: string;
  readonly command: string;
  /** Its standard output is the answer. */
  readonly answers: boolean;
}

/** read: done · given_back: offered again in `again_s` · lost: its lease was over first, so it is offered again. */
export type CommandDone = { readonly answer: Answered | null } & Ended &
  (
    | { readonly state: "read" | "lost"; readonly again_s: null }
    | { readonly state: "given_back"; readonly again_s: number }
  );

/**
 * Runs the command for one message, which stays this session's as long as it runs. Exit code 0: its answer is on disk,
 * then the message is read. Else it is given back, and offered again later. Killed between the two, it is run again as
 * a repeat, and what it then answers is the same answer: it has the same id.
 */
export async function runCommand({ first: offer, text }: Offered, run: CommandRun): Promise<CommandDone> {
  const { client, context, session } = run;
  const { signal } = context;
  const item = await outlast(() => client.inbox.item(offer.inbox_id, { signal }), { signal });
  const lost = new AbortController();
  const keeping = keepOffers(client, session, [offer.offer_id], () => lost.abort());
  try {
    context.out.progress(`message #${item.inbox_id}: the command runs`);
    const output = keepOutput();
    const ended = await runForMessage(run.command, item, {
      env: { ...context.env, CLAUDEMESH_AGENT: run.agent },
      input: contentOf(offer, item, text),
      mesh: run.mesh,
      output: run.answers ? output.take : context.flag("json") ? "stderr" : "stdout",
      signal: AbortSignal.any([signal, lost.signal]),
    });
    if (lost.signal.aborted) return { ...ended, state: "lost", again_s: null, answer: null };
    if (ended.exit_code !== 0)
      return { ...ended, state: "given_back", again_s: await giveBack(offer, ended, run), answer: null };
    const answer = run.answers && !offer.notice ? await answerWith(output, item, run) : null;
    return { ...ended, state: (await confirm(offer, run)) ? "read" : "lost", again_s: null, answer };
  } finally {
    keeping.stop();
  }
}

/** What the command gets on its standard input. Of a message that its user is to be asked about first, only that it is there. */
function contentOf(offer: OfferedMessage, item: InboxItem, framed: string): object {
  const { inbox_id, from, to, sent_at, priority, verified } = item;
  const known = offer.notice ? { inbox_id, from, to, sent_at, priority, verified } : item;
  return { ...known, notice: offer.notice, repeat: offer.repeat, framed };
}

async function answerWith(output: KeptOutput, item: InboxItem, run: CommandRun): Promise<Answered | null> {
  const reply = readReply(output.bytes(), output.isCut());
  if (reply.kind === "none") return null;
  if (reply.kind === "not_understood") return { state: "not_sent", why: reply.why };
  const { signal } = run.context;
  const until = untilLastWords(signal);
  return sendAnswer(run.client, item, { agent: run.agent, text: reply.text, signal: until });
}

/** A daemon that is away now must not make the command run again for what it has done. */
async function confirm(offer: OfferedMessage, { client, context, session }: CommandRun): Promise<boolean> {
  const { signal } = context;
  const call = () =>
    client.agents.confirm(session.kind, session.id, [offer.offer_id], { read: true }, lastWords(signal));
  const settled = await (signal.aborted ? call() : outlast(call, { signal }));
  return settled.lost.length === 0;
}

async function giveBack(offer: OfferedMessage, ended: Ended, run: CommandRun): Promise<number> {
  const { client, context, session } = run;
  const { signal } = context;
  const delay_s = signal.aborted ? 0 : retryDelaySeconds(offer.repeat);
  const reason = signal.aborted ? "the program was stopped" : `the command ended ${endText(ended)}`;
  const call = () =>
    client.agents.giveBack(session.kind, session.id, [offer.offer_id], { reason, delay_s }, lastWords(signal));
  await (signal.aborted
    ? // Not told in time, the lease ends by itself.
      call().catch(() => undefined)
    : outlast(call, { signal }));
  return delay_s;
}

/** What became of a message, for whoever reads standard error. */
export function doneText({ inbox_id }: OfferedMessage, done: CommandDone): readonly string[] {
  const { answer, state } = done;
  const lines: string[] = [];
  if (answer?.state === "not_sent") lines.push(`error: message #${inbox_id} is not answered: ${answer.why}`);
  if (answer?.state === "answered_before")
    lines.push(`message #${inbox_id} was answered before; the answer of this run is not sent`);
  if (state === "lost")
    lines.push(`error: message #${inbox_id}: its lease was over before the command had ended; it is offered again`);
  if (state === "given_back")
    lines.push(
      `error: the command for message #${inbox_id} ended ${endText(done)}; it is offered again in ${done.again_s} s`,
    );
  return lines;
}

interface KeptOutput {
  readonly take: (chunk: Buffer) => void;
  bytes(): Buffer;
  isCut(): boolean;
}

/** Of what a command writes so much is kept; the rest is read, so that it does not stand still, and dropped. */
function keepOutput(): KeptOutput {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    take(chunk) {
      if (bytes < limits.commandOutputBytesMax) chunks.push(chunk.subarray(0, limits.commandOutputBytesMax - bytes));
      bytes += chunk.length;
    },
    bytes: () => Buffer.concat(chunks),
    isCut: () => bytes > limits.commandOutputBytesMax,
  };
}
