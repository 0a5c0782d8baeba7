import type { MemberInfo, TopicInfo } from "../../protocol/frames.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { kickNow } from "../store/read-row.ts";
import type { BrokerStore, MemberRow, TopicRow } from "../store/store.ts";

/** A member as the wire shows it. A lease that is being extended ends `leaseMs` after the member was last heard. */
export function memberInfo(row: MemberRow, now: number, leaseMs: number): MemberInfo {
  const kick = kickNow(row.kick, now);
  return {
    member_id: row.member_id,
    name: row.name,
    role: row.role,
    online: row.online_until > now,
    agents: row.agents,
    ...(row.agents_told === null ? {} : { agents_told: row.agents_told }),
    last_seen_at: row.online_until === 0 ? null : rfc3339(row.online_until - leaseMs),
    kicked_until: kick === null ? null : rfc3339(kick.until),
  };
}

/** A topic as one member sees it. */
export async function topicInfo(store: BrokerStore, topic: TopicRow, memberId: string): Promise<TopicInfo> {
  const subscribers = await store.subscribers(topic.mesh_id, topic.topic_id);
  return {
    topic_id: topic.topic_id,
    name: topic.name,
    created_at: rfc3339(topic.created_at),
    subscribers: subscribers.length,
    subscribed: subscribers.includes(memberId),
    unsealed: topic.unsealed,
    unsealed_through: topic.unsealed_through,
  };
}
