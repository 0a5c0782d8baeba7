import type { DatabaseSync } from "node:sqlite";
import type { HookCause } from "../../protocol/hooks-api.ts";
import type { HookLimits } from "./hook-limits.ts";
import { hookQueriesOf } from "./hook-queries.ts";
import { callingEvents, hooksOfEvent } from "./hooks-of-event.ts";

/** The list of a hook's runs is full: these events called it and it will not run for them. */
export interface DroppedRuns {
  readonly hook: string;
  readonly run_id: number;
  readonly event: HookCause;
  readonly event_id: number;
  readonly runs: number;
}

export interface Enqueued {
  readonly added: number;
  readonly dropped: readonly DroppedRuns[];
}

export const droppedReason = "too many runs of this hook wait";

/** Kept among the inbox's facts: the last that was heard of the link, so that on-reconnect follows on-disconnect alone. */
const linkFact = "hooks_link";

const statements = new WeakMap<DatabaseSync, ReturnType<typeof prepare>>();

function prepare(db: DatabaseSync) {
  return {
    calling: db.prepare(
      `SELECT event.id, event.event, event.inbox_id, inbox.topic, inbox.attachments FROM event LEFT JOIN inbox ON inbox.id = event.inbox_id
        WHERE event.id > ? AND event.event IN (${callingEvents.map((name) => `'${name}'`).join(", ")}) ORDER BY event.id`,
    ),
    fact: db.prepare("SELECT value FROM fact WHERE name = ?"),
    setFact: db.prepare(
      "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    ),
  };
}

/**
 * Puts a run on the list for each hook that the events of this transaction call and that is enabled. It is the transaction that
 * adds the events: a kill before its commit leaves neither, and one after it leaves both.
 */
export function enqueueRuns(
  db: DatabaseSync,
  afterEventId: number,
  isEnabled: (hook: string) => boolean,
  limits: Pick<HookLimits, "waitingOfOneMax">,
  now: number,
): Enqueued {
  let known = statements.get(db);
  if (known === undefined) {
    known = prepare(db);
    statements.set(db, known);
  }
  const queries = hookQueriesOf(db);
  const room = new Map<string, number>();
  const dropped = new Map<string, { event: HookCause; event_id: number; runs: number }>();
  let added = 0;
  for (const row of known.calling.all(afterEventId)) {
    const again = row["event"] === "link_up" && known.fact.get(linkFact)?.["value"] === "down";
    if (row["event"] === "link_down") known.setFact.run(linkFact, "down");
    if (again) known.setFact.run(linkFact, "up");
    const message =
      row["inbox_id"] === null
        ? null
        : { topic: row["topic"] as string | null, files: row["attachments"] !== "" && row["attachments"] !== null };
    for (const [hook, event] of hooksOfEvent({ event: String(row["event"]), message, again })) {
      if (!isEnabled(hook)) continue;
      const left = room.get(hook) ?? limits.waitingOfOneMax - queries.waitingOf(hook);
      const eventId = Number(row["id"]);
      if (left > 0) {
        queries.add({ hook, event_id: eventId, event }, now);
        room.set(hook, left - 1);
        added += 1;
        continue;
      }
      room.set(hook, 0);
      const before = dropped.get(hook);
      dropped.set(
        hook,
        before === undefined ? { event, event_id: eventId, runs: 1 } : { ...before, runs: before.runs + 1 },
      );
    }
  }
  return {
    added,
    dropped: [...dropped].map(([hook, { event, event_id, runs }]) => ({
      hook,
      event,
      event_id,
      runs,
      run_id: queries.addDropped({ hook, event_id, event }, now, droppedReason, runs),
    })),
  };
}
