import type { WayAdapter } from "./way-adapter.ts";

/** Ways by which the daemon itself puts messages into sessions, the best first. */
export function wayAdapters(): readonly WayAdapter[] {
  return [];
}
