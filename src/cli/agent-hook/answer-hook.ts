import type { HookDialect, HookInput } from "../../protocol/hook-dialect.ts";
import type { HookAgents, SessionReport } from "./hook-agents.ts";
import type { SessionPlace } from "./session-place.ts";

/** Characters of what the user said that are looked through for ids of messages. */
const promptCharsMax = 100_000;

export interface HookCall {
  readonly dialect: HookDialect;
  readonly stdin: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly agents: HookAgents;
  /** What is known of the session's process. */
  place(input: HookInput): SessionPlace;
  /** Resolves when the coding agent's end of the pipe holds all of it. */
  handOver(text: string): void | Promise<void>;
  /** Aborted when the coding agent has waited long enough. */
  readonly signal: AbortSignal;
  /** For the words after the answer, which the agent does not wait for long either. */
  readonly lastWords: () => AbortSignal;
}

/**
 * One call of a hook: tells the daemon that the session lives, and puts what waits for it into its context.
 *
 * What is taken is under a lease. Killed before the answer is written: the lease ends, and the message is offered again. Killed
 * between the answer and its confirmation: the session may have it, and it is offered again, marked as a repeat. Confirmed: it
 * stands in the pipe whole, and is never offered again.
 */
export async function answerHook(call: HookCall): Promise<void> {
  const { dialect, agents, signal } = call;
  const input = dialect.read(call.stdin);
  if (input === null) return;
  const { moment, sessionId } = input;
  if (moment === "end") return agents.ended(sessionId, signal);
  const report = reportOf(input, call);
  // What waits for a session that begins is to stand in its context at once, and not to come as a turn of its own by its socket.
  const socketLater = moment === "start" && report.socketPath !== null;
  await agents.report(socketLater ? { ...report, socketPath: null, socketToken: null } : report, signal);
  try {
    if (moment !== "stop" || !input.keptGoing) await bring(call, input);
  } finally {
    if (socketLater) await agents.report(report, call.lastWords());
  }
}

function reportOf(input: HookInput, { place, startedAt }: HookCall): SessionReport {
  const { moment, sessionId, cwd, source } = input;
  const status = moment === "stop" || moment === "start" ? "idle" : "busy";
  return { sessionId, cwd, source, status, eventAt: startedAt, ...place(input) };
}

async function bring(call: HookCall, { moment, prompt, ...input }: HookInput): Promise<void> {
  const { dialect, agents, signal } = call;
  const { text, offerIds } = await agents.take(
    input.sessionId,
    {
      charsMax: dialect.textCharsMax,
      // What wakes nobody does not keep a session from stopping either.
      includeLow: moment !== "stop",
      prompt: prompt?.slice(0, promptCharsMax) ?? null,
    },
    signal,
  );
  if (text === "") return;
  try {
    // The coding agent may have given up on this hook: what it no longer reads was not put in.
    signal.throwIfAborted();
    await call.handOver(dialect.answer({ moment, prompt, ...input }, text));
  } catch (failure) {
    await agents.release(input.sessionId, offerIds, call.lastWords());
    throw failure;
  }
  await agents.confirm(input.sessionId, offerIds, call.lastWords());
}
