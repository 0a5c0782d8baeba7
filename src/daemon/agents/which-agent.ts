import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import { suggest } from "../../protocol/suggest.ts";
import type { InboxQueries } from "../inbox/queries.ts";
import type { AgentRow } from "./agent-queries.ts";

/** The agent of a name that it has or had. Throws unknown_agent with the names near it. */
export function agentNamed(queries: InboxQueries, written: string): AgentRow {
  const owner = queries.agent(written) ?? queries.agent(queries.formerOwner(written) ?? "");
  if (owner !== null) return owner;
  throw noSuchAgent(
    written,
    queries.agents().map(({ name }) => name),
  );
}

export function noSuchAgent(written: string, names: readonly string[]): ClaudemeshError {
  const suggestions = suggest(written, new Set(names));
  return unknownAgent(
    `there is no agent ${written} here`,
    suggestions.length > 0 ? `did you mean ${suggestions.join(" or ")}?` : "claudemesh agent list",
    { agent: written, suggestions },
  );
}

function unknownAgent(message: string, hint: string, details: Record<string, unknown> = {}): ClaudemeshError {
  return new ClaudemeshError("unknown_agent", message, { hint, details });
}

export function noSession(): ClaudemeshError {
  return unknownAgent(
    "no session of an agent is known by that id",
    "report it: PUT /v1/agents/sessions/{kind}/{session_id}",
  );
}

export function nameTaken(name: string, why: string): ClaudemeshError {
  return new ClaudemeshError("agent_name_taken", `the name ${name} is taken: ${why}`, {
    hint: "claudemesh agent list shows the agents and who is behind them",
    details: { agent: name },
  });
}

/**
 * Before an agent is made. At the bound the one goes that nobody has chosen, nobody is behind, nothing waits for, and that was not seen
 * for the longest time. Throws too_many_agents where there is none.
 */
export function requireRoom(queries: InboxQueries): void {
  const all = queries.agents();
  if (all.length < limits.agentsMax) return;
  const unused = all.findLast(
    ({ name, chosen }) =>
      chosen === 0 &&
      !queries.isOnline(name) &&
      queries.topicsOfAgent(name).length === 0 &&
      [name, ...queries.formerNames(name)].every((one) => queries.unreadTo(one) === 0),
  );
  if (unused === undefined)
    throw new ClaudemeshError("too_many_agents", `there are ${limits.agentsMax} agents already, and all are in use`, {
      hint: "claudemesh agent list; claudemesh agent forget NAME",
    });
  queries.forgetAgent(unused.name);
}
