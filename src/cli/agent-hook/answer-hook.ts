import type { HookDialect, HookInput } from "../../protocol/agent-hook-dialect.ts";
import type { SessionRequest } from "../../client/agents.ts";
import type { Client } from "../../client/client.ts";
import { limits } from "../../protocol/limits.ts";
import type { SessionPlace } from "./session-place.ts";

/** Why an offer is given back by a hook. */
export const unheard = "the hook that had it was not heard out";

export interface HookCall {
  readonly dialect: HookDialect;
  readonly stdin: string;
  /** RFC 3339. */
  readonly startedAt: string;
  /** The daemon's. */
  readonly agents: Pick<Client["agents"], "reportSession" | "endSession" | "take" | "confirm" | "giveBack">;
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
  const { kind } = dialect;
  if (moment === "end") {
    await agents.endSession(kind, sessionId, { signal });
    return;
  }
  const place = call.place(input);
  const report = reportOf(input, place, call.startedAt);
  const withSocket = { ...report, ...socketOf(place) };
  // What waits for a session that begins is to stand in its context at once, and not to come as a turn of its own by its socket.
  const socketLater = moment === "start" && place.socketPath !== null;
  await agents.reportSession(kind, sessionId, socketLater ? report : withSocket, { signal });
  try {
    if (moment !== "stop" || !input.keptGoing) await bring(call, input);
  } finally {
    if (socketLater) await agents.reportSession(kind, sessionId, withSocket, { signal: call.lastWords() });
  }
}

/** What is not known now is left as the daemon knows it. */
function reportOf({ moment, cwd, source }: HookInput, place: SessionPlace, startedAt: string): SessionRequest {
  const { process, agent } = place;
  return {
    cwd,
    status: moment === "stop" || moment === "start" ? "idle" : "busy",
    // What had been put in before is in the session by then.
    event_at: startedAt,
    ...(source === null ? {} : { source }),
    ...(process === null ? {} : { process }),
    ...(agent === null ? {} : { agent }),
  };
}

function socketOf({ socketPath, socketToken }: SessionPlace): Pick<SessionRequest, "socket_path" | "socket_token"> {
  return {
    ...(socketPath === null ? {} : { socket_path: socketPath }),
    ...(socketToken === null ? {} : { socket_token: socketToken }),
  };
}

async function bring(call: HookCall, input: HookInput): Promise<void> {
  const { dialect, agents, signal, lastWords } = call;
  const { moment, prompt, sessionId } = input;
  const request = {
    way: "hook",
    chars_max: dialect.textCharsMax,
    // What wakes nobody does not keep a session from stopping either.
    include_low: moment !== "stop",
    ...(prompt === null ? {} : { prompt: prompt.slice(0, limits.takePromptCharsMax) }),
  } as const;
  const { text, offers } = await agents.take(dialect.kind, sessionId, request, { signal });
  if (text === "") return;
  const offerIds = offers.map(({ offer_id }) => offer_id);
  try {
    // The coding agent may have given up on this hook: what it no longer reads was not put in.
    signal.throwIfAborted();
    await call.handOver(dialect.answer(input, text));
  } catch (failure) {
    await agents.giveBack(dialect.kind, sessionId, offerIds, { reason: unheard }, { signal: lastWords() });
    throw failure;
  }
  await agents.confirm(dialect.kind, sessionId, offerIds, {}, { signal: lastWords() });
}
