/** What the mesh knows of a member's agents beside their names. */
export interface AgentsKnown {
  /** Names that its agents had: what is sent to them arrives. */
  readonly former: readonly string[];
  /** Those with a session that is there now. */
  readonly online: readonly string[];
}

/** As a daemon tells of its agents, in its hello and by `presence`. */
export interface AgentsTold {
  /** Newest seen first. */
  readonly agents: readonly string[];
  /** null: it does not tell of them, or there are more than it can name. */
  readonly agents_told: AgentsKnown | null;
}

/** Something of them has changed since the hello. Of a link that only sends it changes nothing. */
export interface PresenceFrame extends AgentsTold {
  readonly type: "presence";
  readonly id: number;
}

/** News of a member's agents, to all of its mesh. */
export interface AgentsEventFrame extends AgentsTold {
  readonly type: "event";
  readonly event: "agents_changed";
  readonly member_id: string;
}

export function isSameTold(a: AgentsTold, b: AgentsTold): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** Which was seen last is no news. */
function sorted({ agents, agents_told: told }: AgentsTold): unknown {
  return [[...agents].sort(), told === null ? null : [[...told.former].sort(), [...told.online].sort()]];
}
