import type { Timer } from "../../base/clock.ts";
import type { Service } from "../../base/service.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { LinkParts } from "../link/link-parts.ts";
import { memberInfo } from "../link/member-info.ts";
import type { SharedStore } from "../store/shared-store.ts";
import { endLost, restartLink } from "./ended.ts";
import { tellOwed } from "./hear.ts";

export type SweepParts = Pick<
  LinkParts,
  | "membership"
  | "router"
  | "registry"
  | "receipts"
  | "notices"
  | "progress"
  | "keyNews"
  | "metrics"
  | "log"
  | "clock"
  | "limits"
> & { readonly shared: SharedStore; readonly store: Pick<LinkParts["store"], "life" | "member"> };

/**
 * Every few seconds: whatever a lost wake-up may have hidden from the links of this broker, and its lease. A broker that is killed
 * says nothing; by the end of leases the others know.
 */
export interface Sweep extends Service {
  /** Leases that were live at the last look, this one included. */
  liveBrokers(): number;
  /** Whether this broker began first of those alive: it does what one of them must do. */
  eldest(): boolean;
}

export function createSweep(parts: SweepParts): Sweep {
  const { shared, registry, clock, limits, log } = parts;
  let timer: Timer | null = null;
  let running: Promise<void> | null = null;
  let stopped = false;
  let failing = false;
  let lease = { live: 1, eldest: true };
  let sweptTo = clock.now();

  async function once(): Promise<void> {
    const now = clock.now();
    lease = await shared.extendLease(now, now + limits.brokerLeaseMs);
    parts.metrics.liveBrokers.set(lease.live);
    const life = parts.store.life();
    // Numbers of a life that ended meanwhile: the links of the present one began with its own.
    const over = (): boolean => parts.store.life() !== life;
    const links = registry.all();
    const meshIds = [...new Set(links.map(({ meshId }) => meshId))];
    const heads = await inParts(meshIds, shared.heads);
    if (over()) return;
    for (const { mesh_id, seq, membership, key_seq } of heads) {
      parts.router.reached(mesh_id, { first: seq, last: seq, keys: null });
      parts.membership.noticed(mesh_id, membership);
      parts.keyNews.seen(mesh_id, key_seq);
    }
    for (const some of chunks(links)) await endLost(some, shared, parts);
    for (const { meshId, memberId } of await inParts(links, shared.owed)) tellOwed(meshId, memberId, parts);
    parts.progress.look();
    // Last, and told only when all of it was read: a sweep that fails is made again over the same window.
    const offline = await inParts(meshIds, (some) => shared.offline(some, { from: sweptTo, to: now }));
    if (over()) return;
    sweptTo = now;
    for (const row of offline) {
      const member = { ...memberInfo(row, now, limits.presenceLeaseMs), online: false };
      registry.broadcast(row.mesh_id, { type: "event", event: "member_offline", member }, row.member_id);
    }
  }

  function chunks<T>(all: readonly T[]): T[][] {
    const { sweepLinksMax } = limits;
    return Array.from({ length: Math.ceil(all.length / sweepLinksMax) }, (_, place) =>
      all.slice(place * sweepLinksMax, (place + 1) * sweepLinksMax),
    );
  }

  async function inParts<T, R>(all: readonly T[], read: (some: readonly T[]) => Promise<R[]>): Promise<R[]> {
    const found: R[] = [];
    for (const some of chunks(all)) found.push(...(await read(some)));
    return found;
  }

  function schedule(): void {
    if (stopped) return;
    timer = clock.after(limits.sweepMs, () => {
      running = once()
        .then(() => {
          if (failing) log.info({}, "the store answers again");
          failing = false;
        })
        .catch((thrown: unknown) => {
          const { code, message } = ClaudemeshError.from(thrown, "store_unavailable");
          parts.metrics.storeErrors.inc({ code });
          failing = true;
          log.warn({ code, error: message }, "the store fails what this broker asks of it; it goes on asking");
        })
        .finally(schedule);
    });
  }

  return {
    async start() {
      // What was committed before may be gone: every member shows what it holds.
      shared.onNewLife(() => {
        log.warn(
          { links: registry.count() },
          "the store began another life; all links are closed to show their positions anew",
        );
        parts.progress.lose();
        parts.keyNews.forget();
        parts.membership.forget();
        for (const link of registry.all()) {
          parts.router.uncertain(link.meshId);
          restartLink(link);
        }
      });
      const now = clock.now();
      lease = await shared.extendLease(now, now + limits.brokerLeaseMs);
      schedule();
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      timer?.cancel();
      await running;
      await shared.endLease().catch(() => undefined);
    },
    liveBrokers: () => Math.max(1, lease.live),
    eldest: () => lease.eldest,
  };
}
