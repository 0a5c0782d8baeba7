import { randomUUID } from "node:crypto";
import { processPrint } from "../base/process-print.ts";
import type { Client } from "../client/client.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { limits } from "../protocol/limits.ts";
import { type Attending, attend, type Offered, type OwnSession } from "./agent-run/attend.ts";
import { doneText, runCommand } from "./agent-run/run-command.ts";
import { type Program, startProgram, type TurnDone } from "./agent-run/run-program.ts";
import type { Command, CommandContext } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { exitCodes } from "./exit-codes.ts";
import { wholeNumber } from "./page-options.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { oneLine } from "./printable.ts";
import { createQuietTimer, type QuietTimer } from "./quiet-timer.ts";
import { typedAgent } from "./typed-address.ts";
import { lastWordsMs } from "./last-words.ts";

const countMax = 1_000_000_000;
/** Messages of one turn of a program. */
const turnMessagesMax = 16;
const resultCharsShown = 200;
const never = new AbortController().signal;

export const command: Command = {
  name: "agent run",
  summary: "Be an agent: run a command for each message to it, or keep a program that takes them as turns",
  usage: "agent run <name> --exec CMD [options] | agent run <name> --stream-json [options] -- <program> [argument...]",
  options: {
    exec: {
      type: "string",
      value: "CMD",
      help: "run CMD with your shell for each message, one at a time: JSON on its standard input, `framed` in it ready for a model; exit code 0 marks the message read, else it is offered again later",
    },
    "stream-json": {
      type: "boolean",
      help: "start the program after -- once; messages are its turns, as `claude -p --input-format stream-json` takes them, read when a turn ended well",
    },
    reply: {
      type: "boolean",
      help: 'what comes out answers the message: of CMD {"reply": "text"} on its standard output, of the program the result of its turn',
    },
    "stop-on-error": { type: "boolean", help: "end with exit code 1 when the command fails" },
    count: { type: "string", value: "N", help: "end after so many messages" },
    timeout: { type: "string", value: "30s", help: "end with exit code 5 when nothing came for so long" },
  },
  words: ["agent"],
  exits: ["notRunning", "conflict", "waitTimedOut", "interrupted"],
  related: ["agent list", "watch", "queue work"],
  examples: [
    "agent run builder --exec './build.sh'",
    "agent run helper --reply --exec 'jq -r .framed | my-model | jq -Rs \"{reply: .}\"'",
    "agent run reviewer --stream-json --reply -- claude -p --input-format stream-json --output-format stream-json --verbose",
  ],
  async run(context) {
    const { option, flag, positionals } = context;
    const exec = option("exec");
    const isProgram = flag("stream-json");
    if ((exec === undefined) === !isProgram) throw usage(command, "give one of --exec and --stream-json");
    if (exec?.trim() === "") throw usage(command, "--exec needs a command");
    requireWords(command, positionals, isProgram ? 2 : 1, isProgram ? Number.POSITIVE_INFINITY : 1);
    const [written = "", file = "", ...args] = positionals;
    const name = typedAgent(command, written);
    const count = wholeNumber(command, "--count", option("count"), 1, countMax);
    const timeout = option("timeout");
    const quiet = createQuietTimer(timeout === undefined ? null : parseDuration(timeout, "--timeout"));
    const client = context.client();
    const { mesh } = await client.health({ signal: context.signal });
    const run: Run = { context, client, name, quiet, count, mesh, timeout: timeout ?? null };
    return exec === undefined ? runTurns(run, file, args) : runCommands(run, exec);
  },
};

interface Run {
  readonly context: CommandContext;
  readonly client: Client;
  readonly name: string;
  readonly quiet: QuietTimer;
  readonly count: number | null;
  readonly mesh: string;
  readonly timeout: string | null;
}

async function runCommands(run: Run, exec: string): Promise<number> {
  const { context, client, mesh } = run;
  const { out, flag, signal } = context;
  const session = { kind: "command", id: randomUUID() };
  const attending = await begin(run, session, "command", 1);
  return work(run, attending, never, async (offered) => {
    const offer = offered.first;
    const agent = attending.agentName();
    const answers = flag("reply");
    const done = await runCommand(offered, { client, context, session, agent, mesh, command: exec, answers });
    if (flag("json")) out.json({ inbox_id: offer.inbox_id, repeat: offer.repeat, ...done });
    if (!signal.aborted) for (const line of doneText(offer, done)) out.note(line);
    if (done.state === "given_back") attending.wakeAfter(done.again_s * 1_000);
    return done.state === "read" && done.answer?.state !== "not_sent";
  });
}

async function runTurns(run: Run, file: string, args: readonly string[]): Promise<number> {
  const { context, client, count, name } = run;
  const { out, flag, signal } = context;
  const session = { kind: "stream-json", id: randomUUID() };
  // An answer is that to one message; without one, what waits is one turn.
  const messagesMax = flag("reply") ? 1 : Math.min(turnMessagesMax, count ?? turnMessagesMax);
  const attending = await begin(run, session, "stream", messagesMax);
  let program: Program | null = null;
  try {
    const started = await startProgram({ client, context, session, agent: name, file, args, answers: flag("reply") });
    program = started;
    const code = await work(run, attending, started.gone, async (offered) => {
      const done = await started.turn(offered);
      const inbox_ids = offered.all.map(({ inbox_id }) => inbox_id);
      if (flag("json")) out.json({ inbox_ids, ...done });
      else for (const line of turnText(inbox_ids, done)) out.line(line);
      return done.state === "read" && done.answer?.state !== "not_sent";
    });
    const how = started.ended();
    if (how === null || signal.aborted) return code;
    const message = `${oneLine(file, 60)} ended ${how}`;
    const hint = "what it had not worked on waits for the agent: run it again";
    if (flag("json")) out.noteJson({ code: null, message, hint, retryable: true });
    else for (const line of [`error: ${message}`, `hint: ${hint}`]) out.note(line);
    return exitCodes.error;
  } finally {
    await program?.stop();
    await attending.end(lastWordsMs);
  }
}

function turnText(inboxIds: readonly number[], { state, result, answer }: TurnDone): readonly string[] {
  const ids = inboxIds.map((id) => `#${id}`).join(" ");
  const said = result === null ? "" : `  ${oneLine(result, resultCharsShown)}`;
  return [`${state} ${ids}${said}`, ...(answer?.state === "not_sent" ? [`not answered ${ids}  ${answer.why}`] : [])];
}

function begin(
  { client, context, name }: Run,
  session: OwnSession,
  way: "command" | "stream",
  offersMax: number,
): Promise<Attending> {
  return attend({
    client,
    session,
    agent: name,
    process: processPrint(process.pid) ?? "",
    way,
    charsMax: limits.offerCharsMax,
    offersMax,
    signal: context.signal,
    onLink: (state) =>
      context.out.progress(
        state === "open"
          ? `the agent ${name} is there; Ctrl-C ends it`
          : "the daemon is away; the agent goes on when it is back (claudemesh status)",
      ),
  });
}

/** One after the other until the signal, the count, or the silence. `handle` answers whether it went well. */
async function work(
  run: Run,
  attending: Attending,
  gone: AbortSignal,
  handle: (offered: Offered) => Promise<boolean>,
): Promise<number> {
  const { context, quiet, count } = run;
  let seen = 0;
  try {
    quiet.begin();
    for await (const offered of attending.offers(AbortSignal.any([quiet.signal, gone]))) {
      quiet.pause();
      const well = await handle(offered);
      if (context.signal.aborted) return exitCodes.interrupted;
      if (!well && context.flag("stop-on-error")) return exitCodes.error;
      seen += offered.all.length;
      if (count !== null && seen >= count) return exitCodes.ok;
      quiet.begin();
    }
  } finally {
    quiet.pause();
    await attending.end(lastWordsMs);
  }
  if (context.signal.aborted || !quiet.signal.aborted) return exitCodes.interrupted;
  const { code, message, retryable } = new ClaudemeshError("timed_out", `no message came for ${run.timeout}`);
  if (context.flag("json")) context.out.noteJson({ code, message, hint: null, retryable });
  else context.out.note(message);
  return exitCodes.waitTimedOut;
}
