import type { AgentsTold } from "../../protocol/agent-frames.ts";
import { limits } from "../../protocol/limits.ts";
import type { InboxQueries } from "../inbox/queries.ts";

const nothing: AgentsTold = { agents: [], agents_told: null };

/**
 * What the mesh is told of this member's agents. Where there are more than can be named, the newest are, and it is not said that these
 * are all: nobody refuses to send to one that is missing.
 */
export function ownTold(queries: InboxQueries, announce: boolean): AgentsTold {
  if (!announce) return nothing;
  const names = queries.agents().map(({ name }) => name);
  const agents = names.slice(0, limits.agentsToldMax);
  const former = queries.allFormerNames();
  if (names.length > limits.agentsToldMax || former.length > limits.agentsToldMax) return { agents, agents_told: null };
  const online = new Set(queries.onlineAgents());
  return { agents, agents_told: { former, online: agents.filter((name) => online.has(name)).sort() } };
}
