import type { InboxQueries } from "../inbox/queries.ts";
import type { SessionRow } from "./agent-queries.ts";
import type { SessionKey, SessionReport } from "./agents.ts";
import { besideSession, type Known, type KnownSession, nameAgent } from "./name-agent.ts";
import { nameTaken, requireRoom } from "./which-agent.ts";

interface Moment {
  readonly now: number;
  readonly leaseUntil: number;
  /** Its process is known not to be there any more. */
  isGone(session: Pick<SessionRow, "process">): boolean;
}

/** A session is there: which agent it is, kept with its lease. `touched`: the agents that are not as they were. */
export function reportSession(
  queries: InboxQueries,
  key: SessionKey,
  told: SessionReport,
  moment: Moment,
): { readonly agent: string; readonly renamedFrom: string | null; readonly touched: readonly string[] } {
  const { now, leaseUntil } = moment;
  const before = queries.session(key);
  const report = filledIn(told, before);
  if (report.source === runs) requireOwnRun(before, key, report, moment);
  const named = nameAgent(key, report, knownIn(queries, moment));
  const { agent, made } = named;
  if (report.source === runs && named.renamedFrom !== null)
    throw nameTaken(named.renamedFrom, "another session that is there is that agent");
  if (made !== null) {
    requireRoom(queries);
    queries.putAgent({
      name: agent,
      kind: report.source === besideSession ? "" : key.kind,
      project: report.cwd,
      chosen: made.chosen ? 1 : 0,
      created_at: now,
    });
  }
  const touched = new Set([agent]);
  for (const other of named.replaces) touched.add(endedOf(queries, other, now));
  // Whoever had the name and crashed is not there any more, though its lease goes on.
  for (const other of queries.liveSessionsOf(agent, now))
    if ((other.kind !== key.kind || other.session_id !== key.sessionId) && moment.isGone(other))
      endSession(queries, other, now);
  queries.putSession({
    kind: key.kind,
    session_id: key.sessionId,
    agent,
    project: report.cwd,
    process: report.process,
    socket_path: report.socketPath,
    busy: report.busy === null ? (before?.busy ?? 0) : report.busy ? 1 : 0,
    last_seen_at: now,
    lease_until: leaseUntil,
  });
  queries.seenAgent(agent, now);
  if (before !== null) touched.add(before.agent);
  return { agent, renamedFrom: named.renamedFrom, touched: [...touched] };
}

/**
 * Programs that only say that a session goes on know less of it than the one that told of its beginning. A beginning tells all: what it
 * leaves out, such as another process after a resume, is not known any more.
 */
function filledIn(told: SessionReport, before: SessionRow | null): SessionReport {
  if (before === null || told.source !== "") return told;
  return {
    ...told,
    cwd: before.project,
    process: told.process === "" ? before.process : told.process,
    socketPath: told.socketPath === "" ? before.socket_path : told.socketPath,
  };
}

/** A program that runs for an agent of a given name is that agent, and alone. */
const runs = "run";

/** Throws agent_name_taken: the same run is going on in another process, and both would take the same messages. */
function requireOwnRun(before: SessionRow | null, key: SessionKey, report: SessionReport, moment: Moment): void {
  if (before === null || before.ended_at !== null || before.lease_until <= moment.now || moment.isGone(before)) return;
  if (before.process === "" || report.process === "" || before.process === report.process) return;
  throw nameTaken(before.agent, `${key.kind} ${key.sessionId} runs in another process`);
}

export function endSession(queries: InboxQueries, row: Pick<SessionRow, "kind" | "session_id">, now: number): void {
  queries.endSession({ kind: row.kind, sessionId: row.session_id }, now);
}

/** Sessions that were not heard of again within their lease. */
export function endOverdue(queries: InboxQueries, now: number): readonly SessionRow[] {
  const rows = queries.overdueSessions(now);
  for (const row of rows) endSession(queries, row, now);
  return rows;
}

function endedOf(queries: InboxQueries, key: SessionKey, now: number): string {
  const agent = queries.session(key)?.agent ?? "";
  queries.endSession(key, now);
  return agent;
}

function knownIn(queries: InboxQueries, { now, isGone }: Moment): Known {
  const known = (row: SessionRow): KnownSession => ({
    kind: row.kind,
    sessionId: row.session_id,
    agent: row.agent,
    process: row.process,
    socketPath: row.socket_path,
    live: row.ended_at === null && row.lease_until > now && !isGone(row),
    lastSeenAt: row.last_seen_at,
  });
  return {
    session(key) {
      const row = queries.session(key);
      return row === null ? null : known(row);
    },
    sessionsLike: ({ process, socketPath }) =>
      [...queries.sessionsOfProcess(process), ...queries.sessionsAtSocket(socketPath)].map(known),
    nameOf: (name) => queries.agent(name)?.name ?? queries.formerOwner(name),
    agentsOf: (project) =>
      queries
        .agentsOfProject(project)
        .map(({ name, kind, chosen, created_at }) => ({ name, kind, chosen: chosen === 1, createdAt: created_at })),
    liveOf: (agent) =>
      queries
        .liveSessionsOf(agent, now)
        .map(known)
        .filter(({ live }) => live),
  };
}
