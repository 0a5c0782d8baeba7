import type { InboxQueries } from "../inbox/queries.ts";
import type { SessionRow } from "./agent-queries.ts";
import type { SessionKey } from "./agents.ts";
import { agentNamed, nameTaken, noSession, requireRoom } from "./which-agent.ts";

/** What is attached: a folder, a session, or nothing yet. */
export interface Attached {
  readonly project?: string;
  readonly kind?: string;
  readonly session?: SessionKey;
}

/**
 * A user gives an agent its name. Answers the names that are not as they were, the agent's own last. Throws before anything is written.
 * `others`: live sessions of an agent besides one and its process.
 */
export function attachAgent(
  queries: InboxQueries,
  name: string,
  to: Attached,
  { now, others }: { readonly now: number; others(agent: string, but: SessionKey | null): readonly SessionRow[] },
): readonly string[] {
  const { session } = to;
  const owner = queries.agent(name)?.name ?? queries.formerOwner(name);
  const row = session === undefined ? null : queries.session(session);
  if (session !== undefined && row === null) throw noSession();
  if (session !== undefined && row !== null && row.agent !== owner) {
    // A name that its folder gave it is replaced, and its mail comes along; one that somebody chose stays for who comes next.
    const isDerived = queries.agent(row.agent)?.chosen === 0;
    if (owner === null && isDerived && others(row.agent, session).length === 0) {
      queries.renameAgent(row.agent, name, now);
      return [row.agent, name];
    }
    const [other] = owner === null ? [] : others(owner, session);
    if (other !== undefined) throw nameTaken(name, `it is ${other.kind}'s session ${other.session_id}`);
  }
  const agent = owner === null ? null : agentNamed(queries, owner);
  if (agent === null) requireRoom(queries);
  const own = owner ?? name;
  queries.putAgent({
    name: own,
    project: to.project ?? (agent?.project || row?.project || ""),
    kind: to.kind ?? agent?.kind ?? "",
    chosen: 1,
    created_at: agent?.created_at ?? now,
  });
  if (session === undefined || row === null || row.agent === own) return [own];
  queries.moveSession(session, row.process, own);
  queries.seenAgent(own, now);
  return [row.agent, own];
}
