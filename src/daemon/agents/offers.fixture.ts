import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { silentLog } from "../../base/log.ts";
import { createManualClock, type ManualClock } from "../../base/manual-clock.fixture.ts";
import { frameBatch } from "../../protocol/agent-framing.ts";
import { limits } from "../../protocol/limits.ts";
import type { TakeRequest } from "../../protocol/offers-api.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { checkedPush } from "../inbox/push.fixture.ts";
import { createInbox } from "../inbox/inbox.ts";
import type { CheckedPush, Inbox } from "../parts.ts";
import type { Agents, SessionKey, SessionReport } from "./agents.ts";
import { createOffers } from "./create-offers.ts";
import { newNonce } from "./new-nonce.ts";
import type { PolicyDefaults } from "./offer-queries.ts";
import type { Offers } from "./offers.ts";
import { createAgents } from "./registry.ts";

export const me = "a".repeat(64);
export const bob = "b".repeat(64);
export const eve = "e".repeat(64);

/** One member's inbox, agents and offers on disk, without a broker: what arrives is put in as the link would. */
export interface OffersHost {
  readonly clock: ManualClock;
  readonly inbox: Inbox;
  readonly agents: Agents;
  readonly offers: Offers;
  readonly counted: { readonly way: string; readonly outcome: string }[];
  defaults: PolicyDefaults;
  /** A direct message of bob's to an agent, or to the member where that is null; answers its inbox_id. */
  arrives(text: string, to?: string | null, change?: Partial<Envelope>, pushed?: Partial<CheckedPush>): Promise<number>;
  arrivesIn(topic: string, text: string): Promise<number>;
  session(id: string, agent: string, report?: Partial<SessionReport>): Promise<SessionKey>;
  take(session: SessionKey, request?: Partial<TakeRequest>): ReturnType<Offers["take"]>;
  /** States of the receipts that wait to be sent, in order. */
  receipts(): string[];
  /** As after kill -9: what was not committed is gone. */
  restart(): Promise<void>;
}

export async function offersHost(t: Pick<TestContext, "after">): Promise<OffersHost> {
  const dir = mkdtempSync(join(tmpdir(), "cm-offers-"));
  const clock = createManualClock();
  let seq = 0;
  const running = await open();
  t.after(async () => {
    await close();
    rmSync(dir, { recursive: true, force: true });
  });

  async function open(): Promise<{ inbox: Inbox; agents: Agents; offers: Offers }> {
    const inbox = createInbox({
      path: join(dir, "inbox.db"),
      memberId: me,
      memberName: () => "ada",
      nameOf: () => null,
      clock,
      log: silentLog,
      fatal(error) {
        throw error;
      },
    });
    await inbox.start();
    const agents = createAgents({
      database: inbox.database,
      self: { memberId: me, name: "ada" },
      settings: () => ({ default: null, announce: true }),
      clock,
      log: silentLog,
      processLives: () => null,
    });
    await agents.start();
    const offers = createOffers({
      database: inbox.database,
      agents,
      memberName: () => "ada",
      nameOf: (id) => (id === bob ? "bob" : null),
      defaults: () => host.defaults,
      frame: (entries, framing) => frameBatch(entries, { ...framing, mesh: "local", nonce: newNonce }),
      clock,
      count: (way, outcome) => void host.counted.push({ way, outcome }),
    });
    return { inbox, agents, offers };
  }

  async function close(): Promise<void> {
    await running.agents.stop();
    await running.inbox.stop();
  }

  async function store(push: CheckedPush): Promise<number> {
    await running.inbox.store([push], clock.now());
    return running.inbox.list({ ...everything, newest: true, limit: 1 }).items[0]?.inbox_id ?? 0;
  }

  const host: OffersHost = {
    clock,
    get inbox() {
      return running.inbox;
    },
    get agents() {
      return running.agents;
    },
    get offers() {
      return running.offers;
    },
    counted: [],
    defaults: { policy: "auto", unverified: "ask" },
    arrives(text, to = "builder", change = {}, pushed = {}) {
      seq += 1;
      const push = checkedPush(seq, change.sender ?? bob, to === null ? me : `${me}/${to}`, text, change);
      return store({ ...push, ...pushed });
    },
    arrivesIn(topic, text) {
      seq += 1;
      return store(checkedPush(seq, bob, topic, text));
    },
    async session(sessionId, agent, report = {}) {
      const key = { kind: "claude-code", sessionId };
      await running.agents.report(key, {
        cwd: `/srv/${agent}`,
        source: "startup",
        process: `${sessionId}:1`,
        socketPath: "",
        socketToken: null,
        agent,
        busy: false,
        ...report,
      });
      return key;
    },
    take: (session, request = {}) =>
      running.offers.take(session, { way: "hook", chars_max: limits.offerCharsMax, ...request }),
    receipts: () =>
      running.inbox
        .pendingReceipts(1_000)
        .map(({ item }) => item.state)
        .filter((state) => state !== "delivered"),
    async restart() {
      await close();
      Object.assign(running, await open());
    },
  };
  return host;
}

const everything = { since: null, topic: null, from: null, agent: null, unread: false, cursor: null };
