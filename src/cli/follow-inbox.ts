import type { Client, InboxFilter } from "../client/client.ts";
import { outlast } from "../client/outlast.ts";
import type { InboxItem, Page } from "../protocol/local-api.ts";
import { createBell } from "./bell.ts";

/** So many messages are held at once, however many wait: each may have 64 KiB. */
const pageItems = 32;

export interface Following {
  readonly filter: Pick<InboxFilter, "from" | "topic" | "agent" | "unread">;
  /** What the filter cannot say. */
  readonly wants: (item: InboxItem) => boolean;
  /** Begin with the messages after this inbox_id. */
  readonly after: number;
  /** Ends the iteration without an error. */
  readonly signal: AbortSignal;
  /** The daemon is there, or is away and waited for. */
  readonly onLink?: (state: "open" | "away") => void;
}

/**
 * Messages of the inbox in order of arrival, each once, for as long as the caller iterates; a restart of the daemon is
 * outlasted. The event stream only wakes: what is shown is read from the inbox by a cursor, so that a slow caller costs
 * one page of memory however much arrives meanwhile, and nothing falls between listing and listening.
 */
export async function* followInbox(
  client: Pick<Client, "events" | "inbox">,
  options: Following,
): AsyncGenerator<InboxItem, void, undefined> {
  const bell = createBell();
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  let cursor = options.after;
  let beginsAnew = false;
  let failure: { readonly reason: unknown } | null = null;
  const listening = listen().then(bell.ring, (reason: unknown) => {
    failure = { reason };
    bell.ring();
  });
  async function listen(): Promise<void> {
    const events = client.events({
      signal,
      onOpen() {
        options.onLink?.("open");
        bell.ring();
      },
    });
    for await (const { event, data } of events) {
      // The daemon's inbox was built anew and counts from 1 again: all of it came after what was shown.
      if (event === "gap" && data["reason"] === "ids_restarted") beginsAnew = true;
      if (event === "message" || event === "gap") bell.ring();
    }
  }
  async function page(): Promise<Page<InboxItem>> {
    if (beginsAnew) cursor = 0;
    beginsAnew = false;
    return outlast(() => client.inbox.list({ ...options.filter, since: cursor, limit: pageItems }, { signal }), {
      signal,
      onAway: () => options.onLink?.("away"),
    });
  }
  try {
    for (;;) {
      await bell.rung();
      if (failure !== null) throw (failure as { readonly reason: unknown }).reason;
      for (let more = true; more && !signal.aborted; ) {
        const { items, next_cursor } = await page();
        for (const item of items) {
          cursor = item.inbox_id;
          if (options.wants(item)) yield item;
          if (signal.aborted) return;
        }
        more = next_cursor !== null;
      }
      if (signal.aborted) return;
    }
  } catch (thrown) {
    if (!options.signal.aborted) throw thrown;
  } finally {
    ended.abort();
    await listening;
  }
}
