import type { Client } from "../client/client.ts";
import { outlast } from "../client/outlast.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { checkClientMessageId, newUuidV7 } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import type { SendRequest, SendResult } from "../protocol/local-api.ts";
import { awaitStage, type Waiting } from "./await-stage.ts";
import type { CommandContext } from "./command.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { bodyOf } from "./read-body.ts";
import { type Line, splitLines } from "./split-lines.ts";

/** Room for `-` and the number of a line behind an id. */
const suffixCharsMax = 13;
const rowsPerPage = 1_000;
/** A daemon that is restarted has this long to be back. */
const awayMs = 15_000;

export interface Lines {
  /** All but the content; its id stands before the number of each line. */
  readonly fields: SendRequest;
  readonly waiting: Waiting | null;
  readonly bytesMax: number;
}

/** What became of the lines so far. */
interface Tally {
  sent: number;
  /** Of those sent: the daemon had the message already. */
  known: number;
  refused: number;
  /** Exit code of the first line refused. */
  refusal: number | null;
  first: SendResult | null;
  last: SendResult | null;
}

/**
 * Sends every line of standard input as a message of its own, in order, the next one once this one is on disk: one line
 * is held, however many come. Every line has an id of the same beginning, so that the whole input can be sent again and
 * nothing of it is sent twice. A line that is refused does not stop the others; what would stop them all ends the
 * command and says at which line.
 */
export async function sendLines(context: CommandContext, client: Client, lines: Lines): Promise<number> {
  const prefix = readPrefix(lines.fields.client_message_id);
  const tally: Tally = { sent: 0, known: 0, refused: 0, refusal: null, first: null, last: null };
  try {
    for await (const line of splitLines(context.stdin, lines.bytesMax)) {
      if (context.signal.aborted) break;
      await sendLine(context, client, lines, { line, prefix, tally });
    }
  } catch (thrown) {
    // Ctrl-C closes standard input under its reader.
    if (!context.signal.aborted) throw thrown;
  }
  if (context.signal.aborted) return summarize(context, lines, prefix, tally, exitCodes.interrupted);
  const waited =
    lines.waiting === null ? exitCodes.ok : await waitForLast(context, client, lines.waiting, prefix, tally);
  return summarize(context, lines, prefix, tally, waited === exitCodes.ok ? (tally.refusal ?? exitCodes.ok) : waited);
}

async function sendLine(
  context: CommandContext,
  client: Client,
  { fields, bytesMax }: Lines,
  { line, prefix, tally }: { readonly line: Line; readonly prefix: string; readonly tally: Tally },
): Promise<void> {
  const { out } = context;
  try {
    if ("tooLong" in line)
      throw new ClaudemeshError(
        "body_too_large",
        `it has ${line.tooLong} bytes, one message of this mesh takes at most ${bytesMax}`,
        { hint: "send it in parts, or as a file: claudemesh send --attach FILE", details: { bytes_max: bytesMax } },
      );
    const request = { ...fields, ...bodyOf(line.bytes), client_message_id: `${prefix}-${line.number}` };
    // A call is not ended by Ctrl-C: a line whose fate is unknown could not be counted.
    const sent = await outlast(() => client.send(request, { answered: true }), {
      signal: context.signal,
      forMs: awayMs,
      onAway: () => out.progress(`line ${line.number} waits for the daemon (claudemesh status)`),
    });
    tally.sent += 1;
    if (sent.duplicate) tally.known += 1;
    tally.first ??= sent;
    tally.last = sent;
    if (context.flag("json")) out.json(sent);
    out.progress(`sent ${lineCount(tally.sent)} to ${fields.to}`);
  } catch (thrown) {
    if (context.signal.aborted) throw thrown;
    const error = ClaudemeshError.from(thrown);
    if (error.code !== "body_too_large" && error.code !== "idempotency_key_reused")
      throw stopped(context, fields.to, prefix, line.number, tally, error);
    tally.refused += 1;
    tally.refusal ??= exitCodeOf(error);
    refuse(context, line.number, error);
  }
}

function refuse({ out, flag }: CommandContext, number: number, error: ClaudemeshError): void {
  if (flag("json")) {
    const { code, message, hint = null, retryable } = error;
    out.noteJson({ line: number, code, message, hint, retryable });
    return;
  }
  out.note(`error: line ${number} was not sent: ${error.message} (${error.code})`);
  if (error.hint !== undefined) out.note(`hint: ${error.hint}`);
}

/** The error that ends the command, saying where and how to go on. */
function stopped(
  { out, flag }: CommandContext,
  to: string,
  prefix: string,
  number: number,
  tally: Tally,
  error: ClaudemeshError,
): ClaudemeshError {
  if (tally.sent + tally.refused === 0 && error.code !== "not_running") return error;
  if (!flag("json")) out.note(summaryText(to, tally));
  const goOn = `then the same input again with --id ${prefix} (what was sent is not sent twice), or the lines from ${number} on`;
  const { sent, refused } = tally;
  return new ClaudemeshError(error.code, `line ${number} was not sent: ${error.message}`, {
    hint: `${error.hint ?? "claudemesh status"}; ${goOn}`,
    details: { ...error.details, line: number, sent, refused, id: prefix },
    cause: error,
  });
}

/**
 * Messages to one destination are taken by the broker and stored by receivers in their order, so the last line's stage
 * is true of all before it, but for those that ended: they are counted. Nothing is remembered of a line once it is sent.
 */
async function waitForLast(
  context: CommandContext,
  client: Client,
  waiting: Waiting,
  prefix: string,
  { first, last }: Tally,
): Promise<number> {
  if (first === null || last === null || waiting.stage === "queued") return exitCodes.ok;
  const { out } = context;
  const { known, exitCode, error } = await awaitStage(context, client, last, waiting);
  if (error !== null) {
    if (context.flag("json")) out.noteJson({ code: error.code, message: error.message, hint: error.hint ?? null });
    else out.note(`error: the last line is ${known}: ${error.message} (${error.code})`);
    return exitCode;
  }
  const ended = await countEnded(client, prefix, first.outbox_id, context.signal);
  if (ended === 0) return exitCodes.ok;
  const [message, hint] = [`${lineCount(ended)} will not be sent`, "claudemesh outbox list --state dead"];
  if (context.flag("json")) out.noteJson({ code: "id_void", message, hint });
  else {
    out.note(`error: ${message}`);
    out.note(`hint: ${hint}`);
  }
  return exitCodes.neverSent;
}

async function countEnded(client: Client, prefix: string, firstRow: number, signal: AbortSignal): Promise<number> {
  let ended = 0;
  for (const state of ["dead", "aborted"] as const)
    for (let cursor: string | null = String(firstRow - 1); cursor !== null; ) {
      const page = await client.outbox.list({ state, cursor, limit: rowsPerPage }, { signal });
      ended += page.items.filter((row) => row.client_message_id.startsWith(`${prefix}-`)).length;
      cursor = page.next_cursor;
    }
  return ended;
}

function summarize(
  { out, flag }: CommandContext,
  { fields }: Lines,
  prefix: string,
  tally: Tally,
  exitCode: number,
): number {
  const { sent, known, refused } = tally;
  if (flag("json")) out.noteJson({ sent, known, refused, to: fields.to, id: prefix });
  else out.note(summaryText(fields.to, tally));
  return exitCode;
}

function summaryText(to: string, { sent, known, refused }: Tally): string {
  const more = [
    ...(known === 0 ? [] : [`${known} of them known already`]),
    ...(refused === 0 ? [] : [`${refused} refused`]),
  ];
  return [`sent ${lineCount(sent)} to ${to}`, ...more].join(", ");
}

function lineCount(count: number): string {
  return `${count} ${count === 1 ? "line" : "lines"}`;
}

function readPrefix(id: string | undefined): string {
  if (id === undefined) return newUuidV7(Date.now());
  checkClientMessageId(id);
  const charsMax = limits.clientMessageIdCharsMax - suffixCharsMax;
  if (id.length <= charsMax) return id;
  throw new ClaudemeshError(
    "invalid_id",
    `with --lines an id has at most ${charsMax} characters: the line's number follows`,
    {
      hint: "give a shorter --id",
    },
  );
}
