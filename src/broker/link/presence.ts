import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { BrokerStore } from "../store/store.ts";
import type { LiveLink } from "./live-link.ts";
import { memberInfo } from "./member-info.ts";
import { noteClosed } from "../fleet/ended.ts";
import type { News } from "../fleet/news.ts";
import type { LinkRegistry } from "./registry.ts";

/** Leases: a member is online until its lease ends, so that a reconnect does not blink. */
export interface Presence {
  /** A link opened; `onlineUntil` is the lease it found. Tells the mesh unless the member was online anyway. */
  opened(link: LiveLink, onlineUntil: number): void;
  /** The peer was heard: extends the lease. */
  extend(link: LiveLink): void;
  /** A link is gone; the lease runs out by itself and is told then. */
  closed(link: LiveLink): void;
}

export function createPresence(parts: {
  store: BrokerStore;
  registry: LinkRegistry;
  news: News;
  clock: Clock;
  log: Log;
  leaseMs: number;
}): Presence {
  const { store, registry, news, clock, leaseMs } = parts;

  async function touch(link: LiveLink): Promise<void> {
    try {
      await store.touchPresence(link.meshId, link.memberId, clock.now() + leaseMs, link.agents);
    } catch (thrown) {
      parts.log.debug({ mesh_id: link.meshId, error: ClaudemeshError.from(thrown).message }, "presence not extended");
    }
  }

  async function tell(link: LiveLink, event: "member_online" | "member_offline"): Promise<void> {
    try {
      const row = await store.member(link.meshId, link.memberId);
      if (row === null) return;
      const member = { ...memberInfo(row, clock.now(), leaseMs), online: event === "member_online" };
      news.tell(link.meshId, { type: "event", event, member }, link.memberId);
    } catch (thrown) {
      parts.log.debug({ mesh_id: link.meshId, error: ClaudemeshError.from(thrown).message }, "presence not told");
    }
  }

  return {
    opened(link, onlineUntil) {
      const blinked = onlineUntil <= clock.now();
      void touch(link).then(() => (blinked ? tell(link, "member_online") : undefined));
    },
    extend: (link) => void touch(link),
    closed(link) {
      // Of several brokers each tells its own links, when its sweep finds that the lease has ended.
      if (store.shared !== null) return noteClosed(link, store.shared, parts.log);
      clock.after(leaseMs, () => {
        if (registry.get(link.meshId, link.memberId) === null) void tell(link, "member_offline");
      });
    },
  };
}
