/** A send that a daemon answered for. */
export interface Acknowledged {
  readonly id: string;
  readonly outboxId: number;
  readonly from: string;
  /** `@name` or `#topic`. */
  readonly target: string;
}

/** A message in an inbox, in the order in which it came there. */
export interface Received {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly historyId: number;
}

export interface Verdict {
  readonly lost: number;
  readonly twice: number;
  readonly outOfOrder: number;
  /** One line each of the first that are wrong. */
  readonly wrong: readonly string[];
}

const linesMax = 20;

/**
 * Every send that was answered is in the inbox of everyone it was for exactly once, and those of one sender to one destination stand there in the
 * order of its outbox.
 */
export function judge(
  acknowledged: readonly Acknowledged[],
  inboxes: ReadonlyMap<string, readonly Received[]>,
  receivers: (sent: Acknowledged) => readonly string[],
): Verdict {
  const counts = { lost: 0, twice: 0, outOfOrder: 0 };
  const wrong: string[] = [];
  const note = (kind: keyof typeof counts, line: string): void => {
    counts[kind] += 1;
    if (wrong.length < linesMax) wrong.push(`${kind}: ${line}`);
  };
  const owed = new Map<string, Acknowledged[]>([...inboxes.keys()].map((name) => [name, []]));
  for (const sent of acknowledged) for (const name of receivers(sent)) owed.get(name)?.push(sent);
  for (const [receiver, inbox] of inboxes) {
    const times = new Map<string, number>();
    for (const { id } of inbox) times.set(id, (times.get(id) ?? 0) + 1);
    const expected = owed.get(receiver) ?? [];
    for (const { id, from, target, outboxId } of expected) {
      const line = `${id} of ${from} (outbox ${outboxId}) to ${target} at ${receiver}`;
      const count = times.get(id) ?? 0;
      if (count === 0) note("lost", line);
      if (count > 1) note("twice", line);
    }
    const outboxIds = new Map(expected.map((sent) => [sent.id, sent.outboxId]));
    for (const lane of lanes(inbox, outboxIds))
      for (let index = 1; index < lane.length; index += 1) {
        const [earlier, later] = [lane[index - 1], lane[index]];
        if (earlier === undefined || later === undefined) continue;
        const wrongOutbox = (outboxIds.get(earlier.id) ?? 0) > (outboxIds.get(later.id) ?? 0);
        if (wrongOutbox || earlier.historyId > later.historyId)
          note("outOfOrder", `${earlier.id} before ${later.id} at ${receiver}`);
      }
  }
  return { ...counts, wrong };
}

/** By sender and destination. */
function lanes(inbox: readonly Received[], known: ReadonlyMap<string, number>): Iterable<Received[]> {
  const found = new Map<string, Received[]>();
  for (const item of inbox) {
    if (!known.has(item.id)) continue;
    const key = `${item.from} ${item.to.startsWith("#") ? item.to : "@"}`;
    const lane = found.get(key);
    if (lane === undefined) found.set(key, [item]);
    else lane.push(item);
  }
  return found.values();
}

/** Of `GET /v1/inbox`, as far as it is judged. */
export interface InboxPage {
  readonly items: readonly {
    readonly message: string | null;
    readonly from: { readonly name: string | null };
    readonly to: string;
    readonly history_id: number;
  }[];
  readonly next_cursor?: string | null;
}

/** An inbox, oldest first, whose messages are `message <id>`. */
export async function readInbox(page: (cursor: string | null) => Promise<InboxPage>): Promise<Received[]> {
  const found: Received[] = [];
  let cursor: string | null = null;
  do {
    const { items, next_cursor }: InboxPage = await page(cursor);
    for (const { message, from, to, history_id } of items)
      found.push({
        id: String(message).replace("message ", ""),
        from: String(from.name),
        to,
        historyId: history_id,
      });
    cursor = next_cursor ?? null;
  } while (cursor !== null);
  return found;
}

/** mulberry32: a run can be repeated by its seed as far as the operating system allows. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
