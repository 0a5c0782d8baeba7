import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Service } from "../../base/service.ts";
import { fingerprintVersions } from "../../protocol/fingerprint.ts";
import type { DedupeSetting } from "../link/link-parts.ts";
import type { FingerprintStore } from "../store/fingerprint-store.ts";

/**
 * Which versions of the wire fingerprint (docs/fingerprints.md) daemons are told to seal under, and which are still taken.
 * By name, as negotiated.
 */
export interface FingerprintPolicy {
  /** Highest version first; never empty. */
  offered(): readonly string[];
  /** Whether an envelope under it may be committed anew. What is committed already is answered whatever its version. */
  accepts(name: string): boolean;
  /** Asks the store anew, before a version is refused that another broker may have offered since. Never rejects. */
  refresh(): Promise<void>;
}

/** All known versions, highest first. */
export const knownFingerprints: readonly string[] = [...fingerprintVersions.values()].reverse();

/** Offers and takes every known version. */
export const everyFingerprint: FingerprintPolicy = {
  offered: () => knownFingerprints,
  accepts: (name) => knownFingerprints.includes(name),
  refresh: async () => undefined,
};

const noteEveryMs = 3_600_000;
/** Who is refused may ask as often as it likes; the store is asked no more often than this. */
const refreshEveryMs = 1_000;
const dayMs = 86_400_000;

/**
 * The policy of a deployment. Rows that a daemon sealed under a version and could not deliver are taken for one dedupe window
 * after a broker has last offered it: no row is sent for longer than that. When that was stands in the store, so brokers
 * that are set differently agree, and one that was away for long finds the time as it was.
 */
export function createFingerprintPolicy(options: {
  readonly store: FingerprintStore;
  /** Names that this broker offers, at least one. */
  readonly offered: readonly string[];
  readonly dedupe: DedupeSetting;
  readonly clock: Clock;
  readonly log: Log;
}): FingerprintPolicy & Service {
  const { store, dedupe, clock, log } = options;
  const offered = knownFingerprints.filter((name) => options.offered.includes(name));
  let lastOffered: ReadonlyMap<string, number> = new Map();
  let timer: Timer | null = null;
  let asked: { readonly at: number; readonly answer: Promise<void> } | null = null;
  let stopped = false;

  async function note(): Promise<void> {
    lastOffered = await store.noteFingerprints(offered, clock.now());
  }

  function refresh(): Promise<void> {
    const now = clock.now();
    if (asked !== null && now >= asked.at && now - asked.at < refreshEveryMs) return asked.answer;
    const answer = note().catch((error: unknown) =>
      log.warn({ error: String(error) }, "fingerprint versions could not be noted; what the store said last counts on"),
    );
    asked = { at: now, answer };
    return answer;
  }

  function schedule(): void {
    timer = clock.after(noteEveryMs, () => void refresh().then(() => (stopped ? undefined : schedule())));
  }

  return {
    offered: () => offered,
    accepts(name) {
      if (offered.includes(name)) return true;
      const last = lastOffered.get(name);
      if (last === undefined || !knownFingerprints.includes(name)) return false;
      return dedupe.mode === "permanent" || clock.now() < last + dedupe.retentionDays * dayMs;
    },
    refresh,
    async start() {
      await note();
      schedule();
    },
    async stop() {
      stopped = true;
      timer?.cancel();
      await asked?.answer;
    },
  };
}
