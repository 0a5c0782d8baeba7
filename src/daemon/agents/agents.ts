import type { Service } from "../../base/service.ts";
import type {
  AgentForgotten,
  AgentList,
  AgentSessionLease,
  AgentSessionNamed,
  AgentView,
} from "../../protocol/agents-api.ts";
import type { AgentsTold } from "../../protocol/agent-frames.ts";

/** Which session: the program, and its own id of the run. */
export interface SessionKey {
  readonly kind: string;
  readonly sessionId: string;
}

/** The same as one text, for maps: a kind has no space in it. */
export function sessionText({ kind, sessionId }: SessionKey): string {
  return `${kind} ${sessionId}`;
}

/** What a session, or a hook in its name, tells of it. */
export interface SessionReport {
  /** Folder that it is in. */
  readonly cwd: string;
  /**
   * Why it begins, in the coding agent's words: startup, resume, clear, compact; mcp for the MCP server beside it, run for a program that
   * is the agent it names or nothing. "": it only goes on.
   */
  readonly source: string;
  /** `<pid>:<start>` of the coding agent (base/process-print.ts); "": not known, or where it only goes on, as it told before. */
  readonly process: string;
  /** As `process`. */
  readonly socketPath: string;
  /** For its socket. Kept in memory alone; null: as it told before. */
  readonly socketToken: string | null;
  /** The name that its user asked for. */
  readonly agent: string | null;
  /** null: as before; of a new one, no. */
  readonly busy: boolean | null;
}

/** A session that is there, for whoever puts messages before it. */
export interface LiveSession extends SessionKey {
  readonly agent: string;
  readonly project: string;
  readonly process: string;
  /** "": it has none. */
  readonly socketPath: string;
  /** null: it told none, or the daemon has restarted since. */
  readonly socketToken: string | null;
  readonly busy: boolean;
  readonly startedAt: number;
  readonly lastSeenAt: number;
  readonly leaseUntil: number;
}

/** After the commit. `session`: which one began, was heard of again with something new, or ended; null: the agent itself changed. */
export interface AgentChange {
  readonly agent: string;
  readonly session: SessionKey | null;
  readonly online: boolean;
}

/** Where a message goes by what it says: see {@link Agents.agentsFor}. */
export interface Addressed {
  readonly inbox_id: number;
  readonly topic: string | null;
  readonly agent: string | null;
}

/** The agents behind this member, and their sessions. All that is told is on disk when a promise resolves, but the tokens. */
export interface Agents extends Service {
  list(): AgentList;
  /** By its name, or one that it had. Throws unknown_agent. */
  view(name: string): AgentView;
  /** The present name of an agent; null: there is none of that name, now or before. */
  nameOf(written: string): string | null;
  /**
   * Makes an agent, binds a folder to it, or says that a session is it. A session whose name was made of its folder's takes its mail
   * along: the name becomes a former one. Throws agent_name_taken, too_many_agents, unknown_agent (no such session).
   */
  attach(
    name: string,
    to: { readonly project?: string; readonly kind?: string; readonly session?: SessionKey },
  ): Promise<AgentView>;
  /** The session with that socket, the newest; null: none is there. */
  sessionAt(socketPath: string): SessionKey | null;
  rename(name: string, to: string): Promise<AgentView>;
  /** Its mail stays in the inbox. */
  forget(name: string): Promise<AgentForgotten>;
  addTopic(name: string, topic: string): Promise<AgentView>;
  dropTopic(name: string, topic: string): Promise<AgentView>;

  /** A session is there. Which agent it is: agents/name-agent.ts. */
  report(key: SessionKey, report: SessionReport): Promise<AgentSessionNamed>;
  /** It is still there; `busy`: what it does now. Throws unknown_agent for a session that was never reported: report it. */
  heard(key: SessionKey, busy?: boolean): Promise<AgentSessionLease>;
  ended(key: SessionKey): Promise<AgentSessionLease>;
  /** Those that are there now, the newest seen first; none for a name that is no agent's. */
  sessionsOf(agent: string): readonly LiveSession[];
  session(key: SessionKey): LiveSession | null;

  /** Whom a message of the inbox is for: an agent that it names, the default one, or those that have its topic. */
  agentsFor(message: Addressed): readonly string[];
  /** Its name and those that it had: what mail to it is addressed to. */
  namesOf(agent: string): readonly string[];
  /** Who gets what names no agent; null: nobody. */
  default(): string | null;
  names(): readonly string[];
  /** Those with a session now. */
  there(): readonly string[];
  /** Whether a message that came names that agent of another member as its sender: then it is there, whatever is told of it yet. */
  hasWritten(memberId: string, agent: string): boolean;

  /** What the mesh is told. */
  told(): AgentsTold;
  /** After every commit that changed something of an agent or its sessions. Returns its own removal. */
  onChange(listener: (change: AgentChange) => void): () => void;
}
