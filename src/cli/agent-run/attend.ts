import type { Client } from "../../client/client.ts";
import { outlast } from "../../client/outlast.ts";
import { sleep } from "../../client/sleep.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { OfferedMessage, Taken, Way } from "../../protocol/offers-api.ts";
import { limits } from "../../protocol/limits.ts";
import { type Bell, createBell } from "../bell.ts";

/** What this process is known by as a session. */
export interface OwnSession {
  readonly kind: string;
  readonly id: string;
}

/** The session of a program that works on an agent's messages: what it is known by, and how it takes them. */
export interface Attendance {
  readonly client: Client;
  readonly session: OwnSession;
  readonly agent: string;
  readonly process: string;
  readonly way: Way;
  readonly charsMax: number;
  /** Offers that are taken at once. */
  readonly offersMax: number;
  readonly signal: AbortSignal;
  /** The daemon is there, or is away and waited for. */
  readonly onLink: (state: "open" | "away") => void;
}

/** What is offered: at least one message, and whoever got it says what became of it before the next one is asked for. */
export interface Offered {
  readonly first: OfferedMessage;
  readonly all: readonly OfferedMessage[];
  /** Of all of them, framed. */
  readonly text: string;
}

export interface Attending {
  /** `until` ends the iteration without an error, as the signal does. */
  offers(until: AbortSignal): AsyncGenerator<Offered, void, undefined>;
  /** Something that was given back is offered again then. */
  wakeAfter(ms: number): void;
  /** What is sent in its name is sent by this agent. */
  agentName(): string;
  /** The session has ended: what it did not confirm waits again. */
  end(timeoutMs: number): Promise<void>;
}

/**
 * Registers the agent with a session that stays there while this process lives, and gives what is offered to it, one
 * after the other. The daemon's events only wake: what there is to do is asked of the daemon, which keeps who has what,
 * so that nothing is lost between two looks, over a restart of the daemon, or of this program.
 */
export async function attend(attendance: Attendance): Promise<Attending> {
  const { client, session, signal } = attendance;
  let name = await register(attendance);
  const bell = createBell();
  const report = async (): Promise<void> => {
    name = await register(attendance);
  };
  return {
    agentName: () => name,
    wakeAfter: (ms) => void sleep(ms, signal).then(bell.ring, () => undefined),
    offers: (until) => offers(attendance, AbortSignal.any([signal, until]), bell, report),
    async end(timeoutMs) {
      await client.agents.endSession(session.kind, session.id, { timeoutMs }).catch(() => undefined);
    },
  };
}

async function* offers(
  attendance: Attendance,
  given: AbortSignal,
  bell: Bell,
  report: () => Promise<void>,
): AsyncGenerator<Offered, void, undefined> {
  const { client, onLink } = attendance;
  const ended = new AbortController();
  const signal = AbortSignal.any([given, ended.signal]);
  let failure: { readonly reason: unknown } | null = null;
  const fail = (reason: unknown): void => {
    if (!signal.aborted) failure ??= { reason };
    bell.ring();
  };
  const listening = listen(client, signal, bell, onLink).catch(fail);
  const beating = beat(signal, async () => {
    await outlast(report, { signal, onAway: () => onLink("away") });
    // What became free without an event: a lease that ended, a message that its user released.
    bell.ring();
  }).catch(fail);
  try {
    for (;;) {
      await bell.rung();
      for (let more = true; more; ) {
        if (failure !== null) throw (failure as { readonly reason: unknown }).reason;
        if (signal.aborted) return;
        const taken = await outlast(() => take(attendance, report, signal), { signal, onAway: () => onLink("away") });
        const [first] = taken.offers;
        more = first !== undefined;
        if (first !== undefined) yield { first, all: taken.offers, text: taken.text };
      }
    }
  } catch (thrown) {
    if (!given.aborted) throw thrown;
  } finally {
    ended.abort();
    await Promise.all([listening, beating]);
  }
}

/** A host that slept longer than a session's lease finds its session gone: it is told of again. */
async function take(
  { client, session, way, charsMax, offersMax }: Attendance,
  report: () => Promise<void>,
  signal: AbortSignal,
): Promise<Taken> {
  const call = (): Promise<Taken> => {
    const request = { way, chars_max: charsMax, include_low: true, limit: offersMax };
    return client.agents.take(session.kind, session.id, request, { signal });
  };
  try {
    return await call();
  } catch (thrown) {
    if (ClaudemeshError.from(thrown).code !== "unknown_agent") throw thrown;
    await report();
    return call();
  }
}

async function listen(client: Client, signal: AbortSignal, bell: Bell, onLink: Attendance["onLink"]): Promise<void> {
  const events = client.events({
    signal,
    onOpen() {
      onLink("open");
      bell.ring();
    },
  });
  for await (const { event } of events) if (event === "message" || event === "gap") bell.ring();
  bell.ring();
}

async function beat(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await sleep(limits.sessionHeartbeatMs, signal).catch(() => undefined);
    if (!signal.aborted) await work();
  }
}

/** Throws agent_name_taken: an agent is one program at a time. */
async function register({ session, client, signal, ...attendance }: Attendance): Promise<string> {
  const named = await client.agents.reportSession(session.kind, session.id, reportOf(attendance), { signal });
  return named.agent;
}

/** By `run` it is the agent that it names, or nothing. */
function reportOf({ agent, process: print }: Pick<Attendance, "agent" | "process">) {
  return { cwd: process.cwd(), source: "run", process: print, agent, status: "idle" as const };
}
