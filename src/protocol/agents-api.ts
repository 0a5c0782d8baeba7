/** Agents as the daemon's local API shows them: named sessions and programs behind this member. */

/** busy: a session works on something · idle: one is there and waits · offline: none is there; mail waits for it. */
export const agentStates = ["busy", "idle", "offline"] as const;
export type AgentState = (typeof agentStates)[number];

/** A run of a coding agent or program that is there now. */
export interface AgentSessionView {
  /** The program, such as `claude-code`. */
  readonly kind: string;
  /** Its own id of the run. */
  readonly session_id: string;
  readonly state: "busy" | "idle";
  /** Folder that it began in. */
  readonly project: string;
  /** It takes messages at a socket of its own. */
  readonly has_socket: boolean;
  readonly started_at: string;
  readonly last_seen_at: string;
  /** Not heard of again until then, it counts as gone. */
  readonly lease_until: string;
}

export interface AgentView {
  readonly name: string;
  /** `@member/agent`: pass as `to` of a send. */
  readonly address: string;
  /** The program of its newest session; null: none was there yet. */
  readonly kind: string | null;
  /** Folder whose sessions are this agent; null: none. */
  readonly project: string | null;
  /** A user gave the name; else it is made of the folder's. */
  readonly chosen: boolean;
  readonly state: AgentState;
  /** Those that are there now, the newest first. */
  readonly sessions: readonly AgentSessionView[];
  /** Messages for it that nobody has read and none of its sessions has had, up to 10,000. */
  readonly waiting: number;
  /** What is sent to the member without naming an agent is for it. */
  readonly default: boolean;
  /** Topics whose messages are for it, without `#`. */
  readonly topics: readonly string[];
  /** Names that it had: what is sent to them arrives here. */
  readonly former_names: readonly string[];
  readonly created_at: string;
  readonly last_seen_at: string | null;
}

export interface AgentList {
  /** Newest seen first. */
  readonly items: readonly AgentView[];
  /** Who gets what is sent to the member without naming an agent; null: nobody is interrupted, it waits in the inbox. */
  readonly default: string | null;
  /** Unread messages to the member that name no agent, while none is the default; up to 10,000. */
  readonly undecided: number;
  /** Unread messages to agents that do not exist here. */
  readonly unclaimed: readonly UnclaimedMail[];
}

export interface UnclaimedMail {
  /** As the senders wrote it. */
  readonly agent: string;
  readonly waiting: number;
}

/** What was told of a session, and who it is. */
export interface AgentSessionNamed {
  readonly agent: string;
  readonly address: string;
  /** The agent that it was, or asked to be, while another session is that one now; null: nothing of the kind. */
  readonly renamed_from: string | null;
  readonly lease_until: string;
}

/** The session is there for so long again, or gone. */
export interface AgentSessionLease {
  readonly agent: string;
  /** null: it has ended. */
  readonly lease_until: string | null;
}

export interface AgentForgotten {
  readonly name: string;
  /** Messages to it that stay in the inbox unread. */
  readonly waiting: number;
}
