import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { type AgentsTold, isSameTold } from "../../protocol/agent-frames.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { BrokerStore, MemberRow } from "../store/store.ts";
import type { LiveLink } from "./live-link.ts";
import { memberInfo } from "./member-info.ts";
import { noteClosed } from "../fleet/after-close.ts";
import type { Bus } from "../fleet/bus.ts";
import type { News } from "../fleet/news.ts";
import type { BrokerLimits } from "../broker-limits.ts";
import type { MemberTurns } from "./member-turns.ts";
import type { LinkRegistry } from "./registry.ts";

/** Leases: a member is online until its lease ends, so that a reconnect does not blink. */
export interface Presence {
  /** A link opened; `before`: the member as it found it. Tells the mesh what is new: that it is online, or of its agents. */
  opened(link: LiveLink, before: MemberRow): void;
  /** What the peer tells of its agents has changed: kept, and told to the mesh. */
  changed(link: LiveLink, told: AgentsTold): Promise<void>;
  /** The peer was heard: extends the lease. */
  extend(link: LiveLink): void;
  /** A link is gone; the lease runs out by itself and is told then. */
  closed(link: LiveLink): void;
  /** Members are shown to somebody: those whose lease is of a link that this process never had are told of as well. */
  shown(rows: readonly MemberRow[]): void;
}

type Member = Pick<LiveLink, "meshId" | "memberId">;

export function createPresence(parts: {
  store: BrokerStore;
  registry: LinkRegistry;
  news: News;
  bus: Pick<Bus, "publish">;
  turns: MemberTurns;
  clock: Clock;
  log: Log;
  limits: BrokerLimits;
}): Presence {
  const { store, registry, news, clock } = parts;
  const leaseMs = parts.limits.presenceLeaseMs;

  async function touch(link: LiveLink): Promise<void> {
    try {
      await store.touchPresence(link.meshId, link.memberId, clock.now() + leaseMs, link.told());
    } catch (thrown) {
      parts.log.debug({ mesh_id: link.meshId, error: ClaudemeshError.from(thrown).message }, "presence not extended");
    }
  }

  /** When the lease of a member without a link ends, by mesh and member; at most one timer of each counts. */
  const ends = new Map<string, number>();

  function tellAtEnd(of: Member, at: number): void {
    const key = `${of.meshId} ${of.memberId}`;
    if (ends.get(key) === at) return;
    ends.set(key, at);
    clock.after(at - clock.now(), () => {
      if (ends.get(key) !== at) return;
      ends.delete(key);
      if (registry.get(of.meshId, of.memberId) === null) void tell(of, "member_offline");
    });
  }

  async function tell(link: Member, event: "member_online" | "member_offline"): Promise<void> {
    try {
      const row = await store.member(link.meshId, link.memberId);
      if (row === null) return;
      const member = { ...memberInfo(row, clock.now(), leaseMs), online: event === "member_online" };
      news.tell(link.meshId, { type: "event", event, member }, link.memberId);
    } catch (thrown) {
      parts.log.debug({ mesh_id: link.meshId, error: ClaudemeshError.from(thrown).message }, "presence not told");
    }
  }

  function tellOfAgents(link: LiveLink): void {
    const event = { type: "event", event: "agents_changed", member_id: link.memberId, ...link.told() } as const;
    news.tell(link.meshId, event, link.memberId);
  }

  return {
    async changed(link, told) {
      if (!link.receives || isSameTold(link.told(), told)) return;
      link.tell(told);
      await store.touchPresence(link.meshId, link.memberId, clock.now() + leaseMs, told);
      tellOfAgents(link);
    },
    opened(link, { online_until: onlineUntil, agents, agents_told }) {
      // Who only sends cannot be reached by it: whether the member is online is the receiving link's to say, and so are its agents.
      if (!link.receives) return;
      const blinked = onlineUntil <= clock.now();
      const isNews = !isSameTold({ agents, agents_told }, link.told());
      void touch(link).then(() => {
        if (blinked) return tell(link, "member_online");
        return isNews ? tellOfAgents(link) : undefined;
      });
    },
    extend(link) {
      if (link.receives) void touch(link);
    },
    closed(link) {
      noteClosed(link, parts);
      // Of several brokers each tells its own links, when its sweep finds that the lease has ended.
      if (store.shared === null && link.receives) tellAtEnd(link, clock.now() + leaseMs);
    },
    shown(rows) {
      if (store.shared !== null) return;
      for (const { mesh_id: meshId, member_id: memberId, online_until: at } of rows)
        if (at > clock.now() && registry.get(meshId, memberId) === null && !ends.has(`${meshId} ${memberId}`))
          tellAtEnd({ meshId, memberId }, at);
    },
  };
}
