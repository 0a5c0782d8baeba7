import type { LocalEvent } from "../../protocol/local-api.ts";
import type { Directory } from "../parts.ts";

interface News {
  readonly event: LocalEvent["event"];
  readonly data: Record<string, unknown>;
}

/** Agents of other members that came or went between two directories. Of its own a member tells by itself, as it happens. */
export function agentNews(before: Directory | null, after: Directory | null, self: string): readonly News[] {
  // Seen for the first time, nobody has just come.
  if (before === null || after === null || before === after) return [];
  const was = onlineAgents(before, self);
  const is = onlineAgents(after, self);
  return [
    ...[...was].filter(([key]) => !is.has(key)).map(([, data]) => ({ event: "agent_offline" as const, data })),
    ...[...is].filter(([key]) => !was.has(key)).map(([, data]) => ({ event: "agent_online" as const, data })),
  ];
}

function onlineAgents({ members }: Directory, self: string): ReadonlyMap<string, News["data"]> {
  const found = new Map<string, News["data"]>();
  for (const { member_id, name, online, agents_told: told } of members) {
    if (member_id === self || !online || told === undefined) continue;
    for (const agent of told.online)
      found.set(`${member_id}/${agent}`, { member_id, name, agent, address: `@${name}/${agent}`, self: false });
  }
  return found;
}
