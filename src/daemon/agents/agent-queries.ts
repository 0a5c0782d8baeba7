import type { DatabaseSync } from "node:sqlite";
import { limits } from "../../protocol/limits.ts";
import { agentKey } from "../../protocol/sender-agent.ts";
import type { SessionKey } from "./agents.ts";

/** As SQLite gives it; see migrations/daemon/inbox/0007_agents.sql. */
export interface AgentRow {
  readonly name: string;
  readonly kind: string;
  readonly project: string;
  readonly chosen: 0 | 1;
  readonly created_at: number;
  readonly last_seen_at: number | null;
}

export interface SessionRow {
  readonly kind: string;
  readonly session_id: string;
  readonly agent: string;
  readonly project: string;
  readonly process: string;
  readonly socket_path: string;
  readonly busy: 0 | 1;
  readonly started_at: number;
  readonly last_seen_at: number;
  readonly lease_until: number;
  readonly ended_at: number | null;
}

/** Newest messages of one sender that are looked through for an agent's name. */
const wroteAsMax = 1_000;

/** Queries of agents and their sessions; one function each, statements are prepared once. */
export function agentQueries(db: DatabaseSync) {
  const agent = db.prepare("SELECT * FROM agent WHERE name = ?");
  const formerOf = db.prepare("SELECT agent FROM agent_former_name WHERE name = ?");
  const agents = db.prepare("SELECT * FROM agent ORDER BY coalesce(last_seen_at, created_at) DESC, name");
  const twoAgents = db.prepare("SELECT name FROM agent LIMIT 2");
  const agentsOfProject = db.prepare("SELECT * FROM agent WHERE project = ?");
  const formerNames = db.prepare("SELECT name FROM agent_former_name WHERE agent = ? ORDER BY since, name");
  const putAgent = db.prepare(
    `INSERT INTO agent (name, kind, project, chosen, created_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, project = excluded.project, chosen = excluded.chosen`,
  );
  const seenAgent = db.prepare("UPDATE agent SET last_seen_at = ? WHERE name = ?");
  const putFormer = db.prepare("INSERT INTO agent_former_name (name, agent, since) VALUES (?, ?, ?)");
  const dropFormer = db.prepare("DELETE FROM agent_former_name WHERE name = ?");
  // Whatever names an agent changes with it, and goes with it.
  const named = ["agent_former_name", "agent_session", "agent_topic", "agent_offer", "sender_policy"] as const;
  const renames = [
    db.prepare("UPDATE agent SET name = ?2, chosen = 1 WHERE name = ?1"),
    ...named.map((table) => db.prepare(`UPDATE ${table} SET agent = ?2 WHERE agent = ?1`)),
  ];
  const forgets = [
    db.prepare("DELETE FROM agent WHERE name = ?"),
    ...named.map((table) => db.prepare(`DELETE FROM ${table} WHERE agent = ?`)),
  ];
  const session = db.prepare("SELECT * FROM agent_session WHERE kind = ? AND session_id = ?");
  const sessionsOfProcess = db.prepare(
    "SELECT * FROM agent_session WHERE process = ?1 AND ?1 <> '' ORDER BY last_seen_at DESC LIMIT 16",
  );
  const sessionsAtSocket = db.prepare(
    "SELECT * FROM agent_session WHERE socket_path = ?1 AND ?1 <> '' ORDER BY last_seen_at DESC LIMIT 16",
  );
  const liveSessions = db.prepare(
    "SELECT * FROM agent_session WHERE ended_at IS NULL AND lease_until > ? ORDER BY last_seen_at DESC",
  );
  const liveOfAgent = db.prepare(
    "SELECT * FROM agent_session WHERE agent = ? AND ended_at IS NULL AND lease_until > ? ORDER BY last_seen_at DESC",
  );
  const openOfAgent = db.prepare("SELECT 1 FROM agent_session WHERE agent = ? AND ended_at IS NULL LIMIT 1");
  const onlineAgents = db.prepare("SELECT DISTINCT agent FROM agent_session WHERE ended_at IS NULL");
  const agentsThere = db.prepare("SELECT DISTINCT agent FROM agent_session WHERE ended_at IS NULL AND lease_until > ?");
  const allFormerNames = db.prepare("SELECT name FROM agent_former_name ORDER BY since, name");
  const newestOfAgent = db.prepare("SELECT kind FROM agent_session WHERE agent = ? ORDER BY last_seen_at DESC LIMIT 1");
  const putSession = db.prepare(
    `INSERT INTO agent_session (kind, session_id, agent, project, process, socket_path, busy, started_at, last_seen_at, lease_until)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9)
     ON CONFLICT (kind, session_id) DO UPDATE SET agent = ?3, project = ?4, process = ?5, socket_path = ?6, busy = ?7,
       last_seen_at = ?8, lease_until = ?9, ended_at = NULL`,
  );
  const heard = db.prepare(
    `UPDATE agent_session SET last_seen_at = ?3, lease_until = ?4, busy = coalesce(?5, busy), ended_at = NULL
      WHERE kind = ?1 AND session_id = ?2`,
  );
  const endSession = db.prepare(
    "UPDATE agent_session SET ended_at = ?3, busy = 0 WHERE kind = ?1 AND session_id = ?2 AND ended_at IS NULL",
  );
  const overdue = db.prepare("SELECT * FROM agent_session WHERE ended_at IS NULL AND lease_until <= ?");
  const nextLease = db.prepare("SELECT min(lease_until) AS at FROM agent_session WHERE ended_at IS NULL");
  const moveSession = db.prepare(
    `UPDATE agent_session SET agent = ?4
      WHERE (kind = ?1 AND session_id = ?2) OR (process = ?3 AND ?3 <> '' AND ended_at IS NULL)`,
  );
  const forgetSessions = db.prepare(
    `DELETE FROM agent_session WHERE rowid IN (SELECT rowid FROM agent_session WHERE ended_at IS NOT NULL
       ORDER BY last_seen_at DESC LIMIT ? OFFSET ?)`,
  );
  const topics = db.prepare("SELECT topic FROM agent_topic WHERE agent = ? ORDER BY topic");
  const topicAgents = db.prepare("SELECT agent FROM agent_topic WHERE topic = ? AND after_id < ? ORDER BY agent");
  const putTopic = db.prepare(
    `INSERT INTO agent_topic (agent, topic, after_id) VALUES (?, ?, (SELECT coalesce(max(id), 0) FROM inbox))
     ON CONFLICT DO NOTHING`,
  );
  const dropTopic = db.prepare("DELETE FROM agent_topic WHERE agent = ? AND topic = ?");
  const counted = `LIMIT ${limits.waitingCountMax}`;
  const unreadTo = db.prepare(
    `SELECT count(*) AS n FROM (SELECT 1 FROM inbox WHERE agent = ? AND topic IS NULL AND read_at IS NULL AND shown = 1 ${counted})`,
  );
  const unreadToNobody = db.prepare(
    `SELECT count(*) AS n FROM (SELECT 1 FROM inbox WHERE agent IS NULL AND topic IS NULL AND read_at IS NULL AND shown = 1 ${counted})`,
  );
  const unclaimed = db.prepare(
    `SELECT agent, count(*) AS waiting FROM inbox WHERE agent IS NOT NULL AND topic IS NULL AND read_at IS NULL AND shown = 1
        AND agent NOT IN (SELECT name FROM agent) AND agent NOT IN (SELECT name FROM agent_former_name)
      GROUP BY agent ORDER BY waiting DESC, agent LIMIT ${limits.agentsUnclaimedMax}`,
  );

  const wroteAs = db.prepare(
    `SELECT 1 FROM (SELECT meta FROM inbox WHERE sender = ? AND via = '' AND verified = 1 AND meta <> '' ORDER BY id DESC LIMIT ${wroteAsMax})
      WHERE json_extract(meta, '$."${agentKey}"') = ? LIMIT 1`,
  );

  const sessions = (found: unknown) => found as SessionRow[];
  const number = (found: unknown): number => Number((found as { readonly n: number } | undefined)?.n ?? 0);
  return {
    agent: (name: string) => (agent.get(name) as AgentRow | undefined) ?? null,
    /** Newest seen first. */
    agents: () => agents.all() as unknown as AgentRow[],
    /** null: there is none, or several. */
    onlyAgent(): string | null {
      const [only, another] = twoAgents.all() as { name: string }[];
      return only === undefined || another !== undefined ? null : only.name;
    },
    agentsOfProject: (project: string) => agentsOfProject.all(project) as unknown as AgentRow[],
    /** The agent that had the name. */
    formerOwner: (name: string) => (formerOf.get(name) as { agent: string } | undefined)?.agent ?? null,
    formerNames: (name: string) => (formerNames.all(name) as { name: string }[]).map((row) => row.name),
    allFormerNames: () => (allFormerNames.all() as { name: string }[]).map((row) => row.name),
    putAgent: (row: Omit<AgentRow, "last_seen_at">) =>
      void putAgent.run(row.name, row.kind, row.project, row.chosen, row.created_at),
    seenAgent: (name: string, now: number) => void seenAgent.run(now, name),
    /** The old name becomes one that it had. */
    renameAgent(name: string, to: string, now: number): void {
      dropFormer.run(to);
      for (const statement of renames) statement.run(name, to);
      putFormer.run(name, to, now);
    },
    forgetAgent(name: string): void {
      for (const statement of forgets) statement.run(name);
    },
    session: ({ kind, sessionId }: SessionKey) => (session.get(kind, sessionId) as SessionRow | undefined) ?? null,
    sessionsOfProcess: (process: string) => sessions(sessionsOfProcess.all(process)),
    sessionsAtSocket: (path: string) => sessions(sessionsAtSocket.all(path)),
    liveSessions: (now: number) => sessions(liveSessions.all(now)),
    liveSessionsOf: (name: string, now: number) => sessions(liveOfAgent.all(name, now)),
    /** Whether listeners were told of the agent as of one that is there. */
    isOnline: (name: string) => openOfAgent.get(name) !== undefined,
    onlineAgents: () => (onlineAgents.all() as { agent: string }[]).map((row) => row.agent),
    agentsThere: (now: number) => (agentsThere.all(now) as { agent: string }[]).map((row) => row.agent),
    newestKindOf: (name: string) => (newestOfAgent.get(name) as { kind: string } | undefined)?.kind ?? null,
    putSession: (row: Omit<SessionRow, "started_at" | "ended_at">) =>
      void putSession.run(
        row.kind,
        row.session_id,
        row.agent,
        row.project,
        row.process,
        row.socket_path,
        row.busy,
        row.last_seen_at,
        row.lease_until,
      ),
    heardOf: ({ kind, sessionId }: SessionKey, now: number, leaseUntil: number, busy: boolean | undefined) =>
      void heard.run(kind, sessionId, now, leaseUntil, busy === undefined ? null : Number(busy)),
    endSession: ({ kind, sessionId }: SessionKey, now: number) => endSession.run(kind, sessionId, now).changes === 1,
    /** With whatever else is of its process. */
    moveSession: ({ kind, sessionId }: SessionKey, process: string, to: string) =>
      void moveSession.run(kind, sessionId, process, to),
    overdueSessions: (now: number) => sessions(overdue.all(now)),
    nextLeaseEnd: () => (nextLease.get() as { at: number | null } | undefined)?.at ?? null,
    /** Ended ones, but the newest `kept`. */
    forgetSessions: (kept: number, limit: number) => Number(forgetSessions.run(limit, kept).changes),
    topicsOfAgent: (name: string) => (topics.all(name) as { topic: string }[]).map((row) => row.topic),
    agentsOfTopic: (topic: string, inboxId: number) =>
      (topicAgents.all(topic, inboxId) as { agent: string }[]).map((row) => row.agent),
    putAgentTopic: (name: string, topic: string) => void putTopic.run(name, topic),
    dropAgentTopic: (name: string, topic: string) => void dropTopic.run(name, topic),
    unreadTo: (name: string) => number(unreadTo.get(name)),
    unreadToNobody: () => number(unreadToNobody.get()),
    /** Whether one of the newest messages of a member names that agent of its as its sender. */
    hasWritten: (memberId: string, name: string) => wroteAs.get(memberId, name) !== undefined,
    unclaimed: () =>
      (unclaimed.all() as { agent: string; waiting: number }[]).map(({ agent, waiting }) => ({ agent, waiting })),
  };
}
