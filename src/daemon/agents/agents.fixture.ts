import { silentLog } from "../../base/log.ts";
import { createManualClock, type ManualClock } from "../../base/manual-clock.fixture.ts";
import { inboxAt, me } from "../inbox/inbox.fixture.ts";
import type { Inbox } from "../parts.ts";
import type { Agents, SessionReport } from "./agents.ts";
import { createAgents } from "./registry.ts";

/** The agents of one daemon over an inbox of its own, with processes that a test ends. */
export interface AgentHost {
  readonly clock: ManualClock;
  readonly settings: { default: string | null; announce: boolean };
  /** Prints of processes that are not there any more. */
  readonly gone: Set<string>;
  agents: Agents;
  inbox: Inbox;
  /** As after a restart of the daemon, killed or not: what is on disk is all that stays. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function agentHost(path: string, clock = createManualClock()): Promise<AgentHost> {
  const settings: AgentHost["settings"] = { default: null, announce: true };
  const gone = new Set<string>();
  async function start(): Promise<{ agents: Agents; inbox: Inbox }> {
    const inbox = inboxAt(path);
    await inbox.start();
    const agents = createAgents({
      database: inbox.database,
      self: { memberId: me, name: "ada" },
      settings: () => settings,
      clock,
      log: silentLog,
      processLives: (print) => !gone.has(print),
    });
    await agents.start();
    return { agents, inbox };
  }
  const host: AgentHost = {
    clock,
    settings,
    gone,
    ...(await start()),
    async restart() {
      await host.stop();
      Object.assign(host, await start());
    },
    async stop() {
      await host.agents.stop();
      await host.inbox.stop();
    },
  };
  return host;
}

export function report(changes: Partial<SessionReport> = {}): SessionReport {
  return {
    cwd: "/home/ada/shop",
    source: "startup",
    process: "",
    socketPath: "",
    socketToken: null,
    agent: null,
    busy: false,
    ...changes,
  };
}

export const claude = (sessionId: string) => ({ kind: "claude-code", sessionId });
