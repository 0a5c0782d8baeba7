import type { Timer } from "../../base/clock.ts";
import type { Service } from "../../base/service.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { LinkParts } from "../link/link-parts.ts";
import { memberInfo } from "../link/member-info.ts";
import type { SharedStore, Swept } from "../store/shared-store.ts";
import { endLink, replaceLink, tellOwed } from "./hear.ts";

export type SweepParts = Pick<
  LinkParts,
  "router" | "registry" | "receipts" | "notices" | "progress" | "metrics" | "log" | "clock" | "limits"
> & { readonly shared: SharedStore; readonly store: Pick<LinkParts["store"], "life"> };

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
  let lease = { live: 1, eldest: true };
  let sweptTo = clock.now();

  async function once(): Promise<void> {
    const now = clock.now();
    lease = await shared.extendLease(now, now + limits.brokerLeaseMs);
    parts.metrics.liveBrokers.set(lease.live);
    const links = registry.all().map((link) => ({
      mesh_id: link.meshId,
      member_id: link.memberId,
      link_epoch: link.linkEpoch,
    }));
    const window = { from: sweptTo, to: now };
    const life = parts.store.life();
    for (let start = 0; start < links.length; start += limits.sweepLinksMax) {
      const swept = await shared.sweep(links.slice(start, start + limits.sweepLinksMax), window);
      // Numbers of a life that ended meanwhile: the links of the present one began with its own.
      if (parts.store.life() !== life) return;
      apply(swept, now);
    }
    sweptTo = now;
  }

  function apply({ heads, ended, owed, offline }: Swept, now: number): void {
    for (const { mesh_id, seq } of heads) parts.router.reached(mesh_id, { first: seq, last: seq, keys: null });
    for (const { mesh_id, member_id, link_epoch, revoked } of ended) {
      const link = registry.get(mesh_id, member_id);
      // The member may be back here with the very link that ended the one that was asked about.
      if (link === null || link.linkEpoch !== link_epoch) continue;
      if (revoked) link.close("member_revoked", "the member was revoked");
      else replaceLink(link, false, parts);
    }
    for (const { mesh_id, member_id } of owed) tellOwed(mesh_id, member_id, parts);
    for (const row of offline) {
      const member = { ...memberInfo(row, now, limits.presenceLeaseMs), online: false };
      registry.broadcast(row.mesh_id, { type: "event", event: "member_offline", member }, row.member_id);
    }
  }

  function schedule(): void {
    if (stopped) return;
    timer = clock.after(limits.sweepMs, () => {
      running = once()
        .catch((thrown: unknown) => {
          const { code, message } = ClaudemeshError.from(thrown, "store_unavailable");
          parts.metrics.storeErrors.inc({ code });
          log.debug({ code, error: message }, "a sweep failed; the next one finds the same");
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
        for (const link of registry.all()) {
          parts.router.uncertain(link.meshId);
          endLink(link);
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
