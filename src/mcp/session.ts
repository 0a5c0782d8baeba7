import type { Clock, Timer } from "../base/clock.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { AgentSessionNamed } from "../protocol/agents-api.ts";
import type { DaemonAccess } from "./daemon-access.ts";
import { mcpLimits } from "./mcp-limits.ts";
import { limits } from "../protocol/limits.ts";

/** This server as a session of an agent: what the daemon knows of it, and by which name. */
export interface Session {
  readonly kind: string;
  readonly sessionId: string;
  /** As the daemon said last; null: it has not been reached. */
  known(): AgentSessionNamed | null;
  /** Asked for when it is not known. null: a daemon of an earlier version has no agents. Throws what keeps it from the daemon. */
  named(signal?: AbortSignal): Promise<AgentSessionNamed | null>;
  /**
   * Does what needs the daemon to know this session. One that has forgotten it, after a restore for one, is told of it anew: once.
   * Throws what `work` throws, and feature_unavailable where the daemon has no agents.
   */
  asAgent<T>(signal: AbortSignal, work: (named: AgentSessionNamed) => Promise<T>): Promise<T>;
  /** Tells the daemon now and from then on that the session is there. Never throws: the daemon may be away. */
  begin(): Promise<void>;
  /** Tells it that the session is over. */
  end(): Promise<void>;
}

const noSuchRoute: ReadonlySet<string> = new Set(["not_found", "method_not_allowed"]);

/** What is told of a session. */
export interface SessionFacts {
  readonly kind: string;
  readonly sessionId: string;
  /** Folder that the coding agent works in. */
  readonly cwd: string;
  /** `<pid>:<start>` of the coding agent: a session of its own hooks is the same agent by that. */
  readonly process: string;
  /** The name that its user asked for. */
  readonly agent: string | null;
}

/**
 * Reported at the start, and again whenever the daemon does not know it: after its restart with another inbox, or when the
 * lease had run out while this machine slept. Between, one heartbeat a third of the lease.
 */
export function createSession(facts: SessionFacts, daemon: DaemonAccess, clock: Clock): Session {
  const { kind, sessionId } = facts;
  let known: AgentSessionNamed | null = null;
  let timer: Timer | null = null;
  let ended = false;

  async function report(signal?: AbortSignal): Promise<AgentSessionNamed> {
    const request = {
      cwd: facts.cwd,
      source: "mcp",
      process: facts.process,
      ...(facts.agent === null ? {} : { agent: facts.agent }),
    };
    known = await daemon.ask(
      (client, options) => client.agents.reportSession(kind, sessionId, request, options),
      signal === undefined ? {} : { signal },
    );
    return known;
  }

  async function named(signal?: AbortSignal): Promise<AgentSessionNamed | null> {
    if (known !== null) return known;
    try {
      return await report(signal);
    } catch (thrown) {
      if (thrown instanceof ClaudemeshError && noSuchRoute.has(thrown.code)) return null;
      throw thrown;
    }
  }

  async function asAgent<T>(signal: AbortSignal, work: (own: AgentSessionNamed) => Promise<T>): Promise<T> {
    const own = await named(signal);
    if (own === null) throw hasNoAgents();
    try {
      return await work(own);
    } catch (thrown) {
      if (!(thrown instanceof ClaudemeshError) || thrown.code !== "unknown_agent") throw thrown;
      known = null;
      return work(await report(signal));
    }
  }

  async function beat(): Promise<void> {
    try {
      if (known === null) await report();
      else {
        const lease = await daemon.ask((client, options) => client.agents.heartbeat(kind, sessionId, {}, options));
        known = known === null || lease.agent === known.agent ? known : await report();
      }
    } catch (thrown) {
      if (thrown instanceof ClaudemeshError && thrown.code === "unknown_agent") known = null;
      // The next one tells it again; a daemon that is away has no presence to keep.
    }
    if (!ended) timer = clock.after(limits.sessionHeartbeatMs, () => void beat());
  }

  return {
    kind,
    sessionId,
    known: () => known,
    named,
    asAgent,
    begin: beat,
    async end() {
      ended = true;
      timer?.cancel();
      if (known === null) return;
      const options = { timeoutMs: mcpLimits.farewellMs };
      await daemon
        .ask((client, more) => client.agents.endSession(kind, sessionId, { ...more, answered: false }), options)
        .catch(
          // Its lease ends by itself.
          () => undefined,
        );
    },
  };
}

function hasNoAgents(): ClaudemeshError {
  return new ClaudemeshError("feature_unavailable", "the daemon is of an earlier version, which has no agents", {
    hint: "claudemesh daemon restart",
  });
}
