import { rfc3339 } from "../../protocol/time.ts";
import type { BrokerStore, Kick } from "../store/store.ts";

/** What a daemon whose member is sent away is told: in words that fit a close reason, and as it is in the error frame. */
export async function kickWords(
  meshId: string,
  { until, by }: Kick,
  store: Pick<BrokerStore, "member">,
): Promise<{ readonly detail: string; readonly facts: Readonly<Record<string, unknown>> }> {
  const end = rfc3339(until);
  const name = (await store.member(meshId, by))?.name ?? by;
  return { detail: `until ${end} by @${name}`, facts: { until: end, by } };
}
