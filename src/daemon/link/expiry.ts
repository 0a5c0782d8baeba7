import type { Timer } from "../../base/clock.ts";
import { maxAgeHours } from "../../protocol/features.ts";
import type { FeatureParams } from "../../protocol/frames.ts";
import { type LinkOptions, windowFact } from "./link.ts";
import type { Session } from "./session.ts";

const expiryIntervalMs = 60_000;

export interface Expiry {
  /** Hours by the negotiated window, or by the last one known. Throws outbox_max_age_above_dedupe_window. */
  maxAge(params: Readonly<Record<string, FeatureParams>> | null): number;
  /** Ends what is too old, as far as the broker is there to void its ids. Never rejects. */
  expire(): Promise<void>;
  /** From now on every minute. */
  start(): void;
  stop(): void;
}

/** Rows end by their age, whether there is a link or not. `session`: the open link, if there is one. */
export function createExpiry(options: LinkOptions, session: () => Session | null): Expiry {
  const { clock, inbox, log } = options;
  let timer: Timer | null = null;
  let stopping = false;
  const maxAge: Expiry["maxAge"] = (params) => {
    const kept = inbox.fact(windowFact);
    const dedupe =
      params?.["client_message_id_dedupe"] ??
      (kept === null ? null : (JSON.parse(kept) as Record<string, unknown> | null));
    return maxAgeHours(dedupe ?? { mode: "permanent" }, options.maxAgeHoursOverride ?? null);
  };
  const expire = async (): Promise<void> => {
    try {
      const toVoid = await options.outbox.expireDue(clock.now(), maxAge(session()?.params ?? null));
      const open = session();
      if (toVoid.length > 0 && open !== null)
        await options.outbox.settleVoid(await open.voidIds(toVoid.map((row) => row.wireId)), clock.now());
    } catch (error) {
      log.warn({ error: String(error) }, "expiry did not finish; it is tried again");
    }
  };
  const schedule = (): void => {
    timer = clock.after(expiryIntervalMs, () => void expire().then(() => (stopping ? undefined : schedule())));
  };
  return {
    maxAge,
    expire,
    start() {
      stopping = false;
      schedule();
    },
    stop() {
      stopping = true;
      timer?.cancel();
    },
  };
}
