import { DatabaseSync } from "node:sqlite";
import { silentLog } from "../../src/base/log.ts";
import { createManualClock } from "../../src/base/manual-clock.fixture.ts";
import { createOffers } from "../../src/daemon/agents/create-offers.ts";
import { createAgents } from "../../src/daemon/agents/registry.ts";
import { hookLimits } from "../../src/daemon/hooks/hook-limits.ts";
import { createHookRuns } from "../../src/daemon/hooks/hook-runs.ts";
import { createInbox } from "../../src/daemon/inbox/inbox.ts";
import { createOutbox } from "../../src/daemon/outbox/outbox.ts";
import type { Outbox } from "../../src/daemon/parts.ts";
import { ClaudemeshError } from "../../src/protocol/error.ts";

/** What this program shows of a database that it opens, as its local API would: whatever the file's version, the same things. */
export type Shown = Readonly<Record<string, unknown>>;

const all = { cursor: null, limit: 500 } as const;
/** A word of each text that the snapshots hold, and one that none does. */
const words = ["lunch", "umbrella", "plan", "agent", "monitor", "bob", "nowhere"] as const;

const notReady = {
  ready: false,
  reason: { code: "waits_for_key", message: "nothing is sealed here" },
  forGood: false,
} as const;

export async function shownOf(kind: "outbox" | "inbox", path: string): Promise<Shown> {
  return kind === "outbox" ? shownOutbox(path) : shownInbox(path);
}

async function shownOutbox(path: string): Promise<Shown> {
  const told: number[] = [];
  const outbox = createOutbox({
    path,
    meshId: "0198f0a0-0000-7000-8000-000000000001",
    memberId: textIn(path, "SELECT json_extract(envelope, '$.sender') AS found FROM outbox WHERE envelope IS NOT NULL"),
    clock: createManualClock(),
    log: silentLog,
    readyFor: () => notReady,
    seal: refuse,
    recipientKey: () => null,
    voidIds: refuse,
    onStages: async (rows) => void told.push(...rows.map(({ id }) => id)),
    onPressure: refuse,
    fatal: refuse,
  });
  try {
    await outbox.start();
    const rows = outbox.list({ ...all, states: null }).items;
    return {
      counts: outbox.counts(),
      rows,
      messages: rows.map(({ outbox_id }) => outbox.message(String(outbox_id))),
      held: Object.fromEntries(outbox.held()),
      files_in_use: [...outbox.filesInUse()].toSorted(),
      positions: outbox.positions(),
      told,
      ...(await drained(outbox)),
    };
  } finally {
    await outbox.stop();
  }
}

/** What of it goes on the wire, and as which bytes: what was frozen stays so. */
async function drained(outbox: Outbox): Promise<Shown> {
  await outbox.linkOpened();
  const claimed = await outbox.claimDue(Number.MAX_SAFE_INTEGER, 100);
  return { on_the_wire: claimed.map(({ outboxId, envelope }) => ({ outbox_id: outboxId, envelope })) };
}

async function shownInbox(path: string): Promise<Shown> {
  const memberId = textIn(path, "SELECT member AS found FROM mention");
  const inbox = createInbox({
    path,
    memberId,
    memberName: () => "bob",
    nameOf: () => null,
    clock: createManualClock(),
    log: silentLog,
    fatal: refuse,
  });
  const agents = createAgents({
    database: inbox.database,
    self: { memberId, name: "bob" },
    settings: () => ({ default: null, announce: true }),
    clock: createManualClock(),
    log: silentLog,
    processLives: () => null,
  });
  const offers = createOffers({
    database: inbox.database,
    agents,
    memberName: () => "bob",
    nameOf: () => null,
    defaults: () => ({ policy: "auto", unverified: "ask" }),
    frame: refuse,
    clock: createManualClock(),
    count: refuse,
  });
  const filter = { ...all, since: null, topic: null, from: null, agent: null, unread: false, newest: false };
  try {
    await inbox.start();
    await agents.start();
    const items = inbox.list(filter).items;
    const ids = (found: readonly { readonly inbox_id: number }[]) => found.map(({ inbox_id }) => inbox_id);
    return {
      items,
      unread: ids(inbox.list({ ...filter, unread: true }).items),
      of_topic: ids(inbox.list({ ...filter, topic: "plans" }).items),
      of_agent: ids(inbox.list({ ...filter, agent: "helper" }).items),
      found: Object.fromEntries(words.map((word) => [word, ids(inbox.search(word, all).items)])),
      mentions: ids(inbox.mentions(memberId, { ...all, newest: false }).items),
      agents: agents.list(),
      offers: Object.fromEntries(
        agents.names().map((name) => [name, offers.ofAgent(name, { ...all, open: false }).items]),
      ),
      sender_policies: offers.policies(),
      hook_runs: createHookRuns(inbox.database, hookLimits).page({ ...all, hook: null, failedOnly: false }).items,
      attachments: items.map(({ inbox_id }) => inbox.attachments(inbox_id)),
      undecryptable: inbox.undecryptable(all).items,
      events: inbox.eventsAfter(0, 500),
      receipts: inbox.pendingReceipts(100),
      positions: inbox.positions(),
      log_epoch: inbox.fact("log_epoch"),
    };
  } finally {
    await inbox.stop();
  }
}

/** Whose database it is stands in it. */
function textIn(path: string, query: string): string {
  const database = new DatabaseSync(path);
  try {
    return String(database.prepare(`${query} LIMIT 1`).get()?.["found"]);
  } finally {
    database.close();
  }
}

function refuse(): never {
  throw new ClaudemeshError("internal", "nothing of this is asked for by looking");
}
