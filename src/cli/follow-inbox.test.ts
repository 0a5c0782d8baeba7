import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "../client/client.ts";
import { paged } from "../client/paged.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { InboxItem, LocalEvent } from "../protocol/local-api.ts";
import { followInbox, type Following } from "./follow-inbox.ts";

/** A daemon as far as following needs it: rows by number, a stream that a test speaks on, reads that fail when told. */
function daemon(rows: number) {
  const state = { rows, asked: [] as number[], away: 0, streams: 0 };
  const waiting: { event: LocalEvent["event"]; data: Record<string, unknown> }[] = [];
  let wake: () => void = () => {};
  const client = {
    async *events({ signal, onOpen } = {}) {
      state.streams += 1;
      onOpen?.();
      const ended = new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
      while (signal?.aborted !== true) {
        const next = waiting.shift();
        if (next !== undefined) yield { id: 1, at: "", ...next };
        else
          await Promise.race([
            ended,
            new Promise<void>((resolve) => {
              wake = resolve;
            }),
          ]);
      }
    },
    inbox: {
      list: ({ since = 0, limit = 0 } = {}) =>
        paged(async () => {
          state.asked.push(since);
          if (state.away > 0) {
            state.away -= 1;
            throw new ClaudemeshError("not_running", "away");
          }
          const items = [];
          for (let id = since + 1; id <= state.rows && items.length < limit; id += 1)
            items.push({ inbox_id: id } as InboxItem);
          return { items, next_cursor: items.length < limit ? null : "more" };
        }),
    } as Partial<Client["inbox"]> as Client["inbox"],
  } satisfies Pick<Client, "events" | "inbox">;
  return {
    client,
    state,
    tell(event: LocalEvent["event"], data: Record<string, unknown> = {}) {
      waiting.push({ event, data });
      wake();
    },
  };
}

const all = (more: Partial<Following> = {}): Following => ({
  filter: {},
  wants: () => true,
  after: 0,
  signal: new AbortController().signal,
  ...more,
});

async function take(items: AsyncGenerator<InboxItem>, count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const { value, done } = await items.next();
    assert.ok(done !== true);
    found.push((value as InboxItem).inbox_id);
  }
  return found;
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

test("however many wait, a page of them is read when the caller has taken the one before", async () => {
  const { client, state } = daemon(10_000);
  const items = followInbox(client, all());
  assert.deepEqual(await take(items, 32), numbers(1, 32));
  assert.deepEqual(state.asked, [0]);
  assert.deepEqual(await take(items, 1), [33]);
  assert.deepEqual(state.asked, [0, 32]);
  await items.return();
});

test("what arrives while the caller is busy comes after, each once, and what is not wanted is passed over", async () => {
  const { client, state, tell } = daemon(3);
  const items = followInbox(client, all({ after: 1, wants: (item) => item.inbox_id !== 3 }));
  assert.deepEqual(await take(items, 1), [2]);
  state.rows = 5;
  tell("message");
  tell("message");
  assert.deepEqual(await take(items, 2), [4, 5]);
  state.rows = 6;
  tell("message");
  assert.deepEqual(await take(items, 1), [6]);
  await items.return();
});

test("a daemon that is away is waited for, and that is told", async () => {
  const { client, state } = daemon(1);
  state.away = 2;
  const told: string[] = [];
  const items = followInbox(client, all({ onLink: (link) => void told.push(link) }));
  assert.deepEqual(await take(items, 1), [1]);
  assert.deepEqual(
    [told, state.asked],
    [
      ["open", "away", "away"],
      [0, 0, 0],
    ],
  );
  await items.return();
});

test("an inbox that was built anew and counts from 1 again is read from its beginning", async () => {
  const { client, state, tell } = daemon(5);
  const items = followInbox(client, all({ after: 4 }));
  assert.deepEqual(await take(items, 1), [5]);
  state.rows = 2;
  tell("gap", { reason: "ids_restarted" });
  assert.deepEqual(await take(items, 2), [1, 2]);
  await items.return();
});

test("a stream that cannot be opened is an error, and the caller's signal is an end", async () => {
  const { client } = daemon(0);
  const refused = {
    ...client,
    // biome-ignore lint/correctness/useYield: it fails before there is an event.
    async *events(): AsyncGenerator<LocalEvent, void, undefined> {
      throw new ClaudemeshError("not_running", "nothing listens");
    },
  };
  await assert.rejects(followInbox(refused, all()).next(), { code: "not_running" });
  const controller = new AbortController();
  const items = followInbox(client, all({ signal: controller.signal }));
  const next = items.next();
  controller.abort();
  assert.deepEqual(await next, { value: undefined, done: true });
});
