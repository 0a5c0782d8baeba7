import { createInboxSocket, type InboxSocketParts } from "./claude-code/inbox-socket.ts";
import type { WayAdapter } from "./way-adapter.ts";

/** Ways by which the daemon itself puts messages into sessions, the best first. */
export function wayAdapters(parts: InboxSocketParts): readonly WayAdapter[] {
  return [createInboxSocket(parts)];
}
