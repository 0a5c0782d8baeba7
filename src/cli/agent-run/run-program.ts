import { spawn } from "node:child_process";
import { signalGroup } from "../../base/signal-group.ts";
import type { Client } from "../../client/client.ts";
import { outlast } from "../../client/outlast.ts";
import { readStreamLine, type StreamEvent, userLine } from "../../protocol/claude-code/stream-json.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { CommandContext } from "../command.ts";
import { oneLine } from "../printable.ts";
import { endText } from "../run-child.ts";
import { splitLines } from "../split-lines.ts";
import type { Offered, OwnSession } from "./attend.ts";
import { keepOffers } from "./keep-offers.ts";
import { type Answered, sendAnswer } from "./send-answer.ts";
import { lastWords, untilLastWords } from "../last-words.ts";

export interface ProgramRun {
  readonly client: Client;
  readonly context: Pick<CommandContext, "env" | "out" | "flag" | "signal">;
  readonly session: OwnSession;
  readonly agent: string;
  readonly file: string;
  readonly args: readonly string[];
  /** What it says at the end of a turn is the answer. */
  readonly answers: boolean;
}

/**
 * read: the turn with these messages ended well · injected: it ended with an error, so they were put in and nothing
 * says that they were worked on · given_back: the program ended first · lost: their lease was over first.
 */
export interface TurnDone {
  readonly state: "read" | "injected" | "given_back" | "lost";
  readonly result: string | null;
  readonly answer: Answered | null;
}

/** A program that lives on from turn to turn. */
export interface Program {
  turn(offered: Offered): Promise<TurnDone>;
  /** How it ended, for a sentence; null while it runs. */
  ended(): string | null;
  /** Aborted when it has ended. */
  readonly gone: AbortSignal;
  /** Its input ends; told to stop, and then made to, when that is not enough. */
  stop(): Promise<void>;
}

/** Told that there is nothing more to come, it gets this long to end by itself, and as long again once it is told to stop. */
const endMs = 5_000;
/** Of a line that is kept: what is longer is no result that anybody could be sent. */
const lineBytesMax = 16_777_216;

/** Starts the program; its standard error is ours. Rejects with the system's error when it cannot be started. */
export async function startProgram(run: ProgramRun): Promise<Program> {
  const child = spawn(run.file, [...run.args], {
    env: { ...run.context.env, CLAUDEMESH_AGENT: run.agent },
    stdio: ["pipe", "pipe", "inherit"],
    // Ctrl-C in a terminal goes to the whole group: the program gets its end of us, after its turn was told of.
    detached: true,
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) =>
      reject(
        new ClaudemeshError("usage", `${oneLine(run.file, 60)} cannot be run: ${ClaudemeshError.from(cause).message}`, {
          hint: "the words after -- are a program and its arguments",
          cause,
        }),
      ),
    );
  });
  let ended: string | null = null;
  const gone = new AbortController();
  let heard: (event: StreamEvent | null) => void = () => {};
  const closed = new Promise<void>((resolve) => {
    child.once("exit", (exit_code, signal) => {
      ended = endText({ exit_code, signal });
      heard(null);
      gone.abort();
      resolve();
    });
  });
  // A program that has ended takes nothing more; its exit says so.
  child.stdin.on("error", () => {});
  const listen = async (): Promise<void> => {
    for await (const line of splitLines(child.stdout, lineBytesMax)) {
      const event = "bytes" in line ? readStreamLine(line.bytes.toString("utf8")) : null;
      if (event?.type === "result") heard(event);
    }
  };
  // Of an output that breaks off no more is heard; the exit ends what waits.
  listen().catch(() => undefined);
  const nextResult = (): Promise<StreamEvent | null> =>
    new Promise((resolve) => {
      if (ended !== null) return resolve(null);
      heard = resolve;
    });
  const tellGroup = (signal: NodeJS.Signals): void => {
    if (child.pid !== undefined) signalGroup(child.pid, signal);
  };
  const stop = async (): Promise<void> => {
    child.stdin.end();
    const timers = [setTimeout(() => tellGroup("SIGTERM"), endMs), setTimeout(() => tellGroup("SIGKILL"), 2 * endMs)];
    await closed;
    for (const timer of timers) clearTimeout(timer);
  };
  // The turn that is under way may end well within that time.
  run.context.signal.addEventListener("abort", stop, { once: true });
  return {
    ended: () => ended,
    gone: gone.signal,
    turn: (offered) => takeTurn(offered, run, nextResult, (line) => void child.stdin.write(line)),
    async stop() {
      run.context.signal.removeEventListener("abort", stop);
      await stop();
    },
  };
}

/** One turn: the messages as its input, and its result as the proof that it took them. */
async function takeTurn(
  { first, all, text }: Offered,
  run: ProgramRun,
  nextResult: () => Promise<StreamEvent | null>,
  write: (line: string) => void,
): Promise<TurnDone> {
  const { client, context, session } = run;
  const { signal } = context;
  const ids = all.map(({ offer_id }) => offer_id);
  let lost = false;
  const keeping = keepOffers(client, session, ids, () => {
    lost = true;
  });
  try {
    const result = nextResult();
    write(userLine(text));
    const event = await result;
    if (event?.type !== "result") {
      const given = { reason: "the program ended" };
      // Not told in time, the lease ends by itself.
      await client.agents.giveBack(session.kind, session.id, ids, given, lastWords(signal)).catch(() => undefined);
      return { state: "given_back", result: null, answer: null };
    }
    const answer =
      run.answers && !event.isError && event.text !== null && event.text.trim() !== "" && !first.notice
        ? await answerWith(event.text, first.inbox_id, run)
        : null;
    const call = () =>
      client.agents.confirm(session.kind, session.id, ids, { read: !event.isError }, lastWords(signal));
    const settled = await (signal.aborted ? call() : outlast(call, { signal }));
    const state = lost || settled.lost.length > 0 ? "lost" : event.isError ? "injected" : "read";
    return { state, result: event.text, answer };
  } finally {
    keeping.stop();
  }
}

async function answerWith(text: string, inboxId: number, { client, context, agent }: ProgramRun): Promise<Answered> {
  const { signal } = context;
  const until = untilLastWords(signal);
  const item = await outlast(() => client.inbox.item(inboxId, { signal: until }), { signal: until });
  return sendAnswer(client, item, { agent, text, signal: until });
}
