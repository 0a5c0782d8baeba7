import type { DatabaseSync } from "node:sqlite";
import { isName } from "../../protocol/address.ts";
import { limits } from "../../protocol/limits.ts";
import { readableRows } from "./saved-rows.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Agents with their names, sessions and topics, as far as they can be read and mean something. They are this host's own word, which nobody
 * else could tell again; of what is lost, sessions make new agents when they report themselves.
 */
export function copyAgents(database: DatabaseSync, readable: DatabaseSync | null): void {
  const agents = database.prepare(
    "INSERT INTO agent (name, kind, project, chosen, created_at, last_seen_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const known = new Set<string>();
  for (const row of readableRows(readable, "SELECT * FROM agent")) {
    const { name, kind, project, chosen, created_at: created, last_seen_at: seen } = row;
    const holds =
      isOwnName(name) &&
      isText(kind, limits.sessionKindCharsMax) &&
      isText(project, limits.sessionPathCharsMax) &&
      isTime(created) &&
      (seen === null || isTime(seen));
    if (!holds || known.size >= limits.agentsMax) continue;
    agents.run(name, kind, project, chosen === 1 ? 1 : 0, created, seen);
    known.add(name);
  }
  copyNames(database, readable, known);
  copySessions(database, readable, known);
}

function copyNames(database: DatabaseSync, readable: DatabaseSync | null, known: ReadonlySet<string>): void {
  const former = database.prepare(
    "INSERT INTO agent_former_name (name, agent, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );
  for (const { name, agent, since } of readableRows(readable, "SELECT * FROM agent_former_name"))
    if (isOwnName(name) && !known.has(name) && isOneOf(known, agent) && isTime(since)) former.run(name, agent, since);
  const topic = database.prepare(
    "INSERT INTO agent_topic (agent, topic, after_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );
  for (const { agent, topic: name, after_id: after } of readableRows(readable, "SELECT * FROM agent_topic"))
    if (isOneOf(known, agent) && isOwnName(name) && isTime(after)) topic.run(agent, name, after);
}

function copySessions(database: DatabaseSync, readable: DatabaseSync | null, known: ReadonlySet<string>): void {
  const insert = database.prepare(
    `INSERT INTO agent_session (kind, session_id, agent, project, process, socket_path, busy, started_at, last_seen_at, lease_until, ended_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  for (const row of readableRows(readable, `SELECT * FROM agent_session LIMIT ${limits.agentSessionsMax}`)) {
    const { kind, session_id: id, agent, project, process, socket_path: socket, busy } = row;
    const { started_at: started, last_seen_at: seen, lease_until: lease, ended_at: ended }: Fields = row;
    const holds =
      isText(kind, limits.sessionKindCharsMax) &&
      isText(id, limits.sessionIdCharsMax) &&
      isOneOf(known, agent) &&
      isText(project, limits.sessionPathCharsMax) &&
      isText(process, limits.sessionProcessCharsMax) &&
      isText(socket, limits.sessionPathCharsMax) &&
      isTime(started) &&
      isTime(seen) &&
      isTime(lease) &&
      (ended === null || isTime(ended));
    if (holds) insert.run(kind, id, agent, project, process, socket, busy === 1 ? 1 : 0, started, seen, lease, ended);
  }
}

function isOwnName(value: unknown): value is string {
  return typeof value === "string" && isName(value) && value === value.toLowerCase();
}

function isOneOf(known: ReadonlySet<string>, value: unknown): value is string {
  return typeof value === "string" && known.has(value);
}

function isText(value: unknown, charsMax: number): value is string {
  return typeof value === "string" && value.length <= charsMax && /^[^\p{Cc}\p{Cs}]*$/u.test(value);
}

/** A time, or a number of the inbox. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
