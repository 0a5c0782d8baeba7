import type { AgentSessionView, AgentView } from "../../protocol/agents-api.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { InboxQueries } from "../inbox/queries.ts";
import type { AgentRow, SessionRow } from "./agent-queries.ts";
import type { LiveSession } from "./agents.ts";

export function agentView(
  queries: InboxQueries,
  row: AgentRow,
  { now, address, isDefault }: { readonly now: number; readonly address: string; readonly isDefault: boolean },
): AgentView {
  const sessions = queries.liveSessionsOf(row.name, now);
  const formerNames = queries.formerNames(row.name);
  return {
    name: row.name,
    address,
    kind: queries.newestKindOf(row.name) ?? (row.kind === "" ? null : row.kind),
    project: row.project === "" ? null : row.project,
    chosen: row.chosen === 1,
    state: sessions.length === 0 ? "offline" : sessions.some(({ busy }) => busy === 1) ? "busy" : "idle",
    sessions: sessions.map(sessionView),
    waiting: queries.countUnsettled({
      agent: row.name,
      names: [row.name, ...formerNames],
      unnamedSince: isDefault ? row.created_at : null,
    }),
    default: isDefault,
    topics: queries.topicsOfAgent(row.name),
    former_names: formerNames,
    created_at: rfc3339(row.created_at),
    last_seen_at: row.last_seen_at === null ? null : rfc3339(row.last_seen_at),
  };
}

export function liveSession(row: SessionRow, socketToken: string | null): LiveSession {
  return {
    kind: row.kind,
    sessionId: row.session_id,
    agent: row.agent,
    project: row.project,
    process: row.process,
    socketPath: row.socket_path,
    socketToken,
    busy: row.busy === 1,
    startedAt: row.started_at,
    lastSeenAt: row.last_seen_at,
    leaseUntil: row.lease_until,
  };
}

function sessionView(row: SessionRow): AgentSessionView {
  return {
    kind: row.kind,
    session_id: row.session_id,
    state: row.busy === 1 ? "busy" : "idle",
    project: row.project,
    has_socket: row.socket_path !== "",
    started_at: rfc3339(row.started_at),
    last_seen_at: rfc3339(row.last_seen_at),
    lease_until: rfc3339(row.lease_until),
  };
}
