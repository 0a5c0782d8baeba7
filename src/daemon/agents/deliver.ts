import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Service } from "../../base/service.ts";
import type { InboxItem, LocalEvent } from "../../protocol/local-api.ts";
import { type Addressed, type LiveSession, sessionText } from "./agents.ts";
import type { OfferedTo } from "./offered-to.ts";
import type { Offers } from "./offers.ts";
import type { WayAdapter } from "./way-adapter.ts";

/** After a failed write, where the adapter names no time of its own. */
const retryMs = 5_000;
/** Messages that are put into one session before another turn of the loop: an agent with much mail delays no other. */
const inARowMax = 16;

export interface DeliverParts {
  readonly agents: OfferedTo;
  readonly offers: Offers;
  readonly inbox: { onEvent(listener: (event: LocalEvent) => void): () => void };
  readonly adapters: readonly WayAdapter[];
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Puts what waits into live sessions by the ways that the daemon has itself, and so wakes those that are idle. What it does is a
 * hurry-up alone: whatever it misses waits in the inbox, and is taken by the session's next hook, or found when a lease ends. One message
 * at a time and session, in order; low priority wakes nobody.
 */
export function createDeliver({ agents, offers, inbox, adapters, clock, log }: DeliverParts): Service {
  const removals: (() => void)[] = [];
  /** Agents that are worked on, and whether something came meanwhile. */
  const working = new Map<string, { again: boolean }>();
  /** Sessions that took nothing: until when they are left alone; null: until something is heard of them. */
  const resting = new Map<string, number | null>();
  const running = new Set<Promise<void>>();
  let timer: Timer | null = null;
  let stopped = false;

  function wake(agent: string): void {
    if (stopped) return;
    const known = working.get(agent);
    if (known !== undefined) {
      known.again = true;
      return;
    }
    const state = { again: false };
    working.set(agent, state);
    const run = pump(agent, state)
      .catch((error: unknown) => log.warn({ agent, err: error }, "messages could not be put into a session now"))
      .finally(() => {
        working.delete(agent);
        running.delete(run);
        if (state.again) wake(agent);
        else arm();
      });
    running.add(run);
  }

  async function pump(agent: string, state: { again: boolean }): Promise<void> {
    for (let put = 0; !stopped; put += 1) {
      const chosen = choose(agent);
      if (chosen === null) return;
      if (put >= inARowMax) {
        state.again = true;
        return;
      }
      if (!(await putNext(chosen.session, chosen.adapter))) return;
    }
  }

  /** True when the next one may be tried at once. */
  async function putNext(session: LiveSession, adapter: WayAdapter): Promise<boolean> {
    const key = { kind: session.kind, sessionId: session.sessionId };
    const { offers: taken, text } = await offers.take(key, { way: adapter.way, chars_max: adapter.charsMax, limit: 1 });
    const [message] = taken;
    if (message === undefined) return false;
    const { offer_id, inbox_id, priority } = message;
    const outcome = await adapter.offer(session, { offer_id, inbox_id, priority, text });
    if (outcome.state === "written") return true;
    const { reason, gone, retryAfterMs } = outcome;
    log.debug({ agent: session.agent, kind: session.kind, reason }, "a session took no message");
    resting.set(sessionText(key), gone ? null : clock.now() + (retryAfterMs ?? retryMs));
    await offers.giveBack(key, [offer_id], { reason, delayMs: 0, unseen: true });
    return true;
  }

  /** The session that was seen last of those that a way of ours reaches. */
  function choose(agent: string): { readonly session: LiveSession; readonly adapter: WayAdapter } | null {
    for (const session of agents.sessionsOf(agent)) {
      const until = resting.get(sessionText(session));
      if (until === null || (until !== undefined && until > clock.now())) continue;
      const adapter = adapters.find((candidate) => candidate.serves(session));
      if (adapter !== undefined) return { session, adapter };
    }
    return null;
  }

  /** What sessions that have ended had not confirmed waits again. */
  function reconsider(agent: string): void {
    const done = offers.reconsider(agent).catch((error: unknown) => {
      // Under a lease, it does so at the lease's end; what was held does at the next change of the agent.
      log.warn({ err: error }, "offers of sessions that have ended could not be taken back");
    });
    running.add(done);
    void done.finally(() => running.delete(done));
  }

  function wakeAll(): void {
    for (const agent of agents.there()) if (choose(agent) !== null) wake(agent);
  }

  /** For what comes by time alone: the end of a lease, of a delay, of a policy, or of a session's rest. */
  function arm(): void {
    timer?.cancel();
    timer = null;
    if (stopped) return;
    const now = clock.now();
    const times = [...resting.values(), offers.nextChangeAt(now)].filter((time) => time !== null && time > now);
    if (times.length === 0) return;
    timer = clock.after(Math.min(...times.map(Number)) - now + 1, () => {
      for (const [id, until] of resting) if (until !== null && until <= clock.now()) resting.delete(id);
      wakeAll();
      arm();
    });
  }

  return {
    async start() {
      removals.push(
        inbox.onEvent(({ event, data }) => {
          if (event === "message") for (const agent of agents.agentsFor(addressedOf(data))) wake(agent);
        }),
        offers.onWaiting(wakeAll),
        agents.onChange(({ agent, session }) => {
          if (session !== null) resting.delete(sessionText(session));
          reconsider(agent);
          wake(agent);
        }),
      );
      // Sessions may have ended while no daemon looked.
      for (const agent of agents.names()) reconsider(agent);
      wakeAll();
      arm();
    },
    async stop() {
      stopped = true;
      timer?.cancel();
      for (const remove of removals.splice(0)) remove();
      await Promise.all(running);
      await Promise.all(adapters.map((adapter) => adapter.stop?.()));
    },
  };
}

/** The event holds the message. */
function addressedOf(data: LocalEvent["data"]): Addressed {
  const { inbox_id, topic, agent } = data as unknown as InboxItem;
  return { inbox_id, topic, agent };
}
