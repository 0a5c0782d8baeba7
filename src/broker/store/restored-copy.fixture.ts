import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Position } from "../../protocol/frames.ts";
import { type Identity, newIdentity } from "../testing/peer.ts";
import { accepted, item } from "./store-bench.fixture.ts";
import type { LogState } from "../../protocol/frames.ts";
import type { AcceptItem, BrokerStore } from "./store.ts";

export const meshId = "01890000-0000-7000-8000-00000000000e";

/** Opens a store that has the mesh {@link meshId} and ends with the test. */
export type OpenCopied = (t: Pick<TestContext, "after">) => Promise<CopiedStore>;

/** A store whose data can be copied and put back, as an operator does with a backup. */
export interface CopiedStore {
  /** The open one. */
  readonly store: BrokerStore;
  stop(): Promise<void>;
  /** Another start of it, and so another incarnation. */
  restart(): Promise<void>;
  /** Copies the data as they are now, also under an open store. */
  copy(name: string): Promise<void>;
  /** Stops, puts a copy back in place of everything there was, and starts. */
  restore(name: string): Promise<void>;
}

/** A member as its daemon remembers itself (delivery.md §5), reduced to what a lost log has to do with. */
export interface RememberingMember {
  readonly identity: Identity;
  /** What it was told is accepted, with where. */
  readonly done: { readonly sent: AcceptItem; readonly seq: number; readonly epoch: number }[];
  /** What it has still to send, oldest first. */
  readonly pending: AcceptItem[];
  /** Ids in its inbox. */
  readonly received: Set<string>;
  /** Queues a message without sending it. */
  queue(to: RememberingMember, text: string): AcceptItem;
  /** Sends all that is pending. Returns for each whether it was new to the store. */
  drain(): Promise<boolean[]>;
  /** Reads what it is owed, acknowledges up to the last of it, and returns the ids. */
  receive(): Promise<string[]>;
  /** Shows its positions, as a hello does, and follows what the log is then. */
  connect(): Promise<Awaited<ReturnType<BrokerStore["checkPosition"]>>>;
  /** What it sent above the common prefix of a break it has not heard of is pending again. */
  follow(log: LogState): void;
}

export async function rememberingMember(copied: CopiedStore, name: string): Promise<RememberingMember> {
  const identity = newIdentity();
  const { memberId } = identity;
  await copied.store.addMember({ mesh_id: meshId, member_id: memberId, name, role: "member", now: 1 });
  const positions = new Map<string, Position>();
  let knownEpoch = 1;

  function remember(position: Position): void {
    const known = positions.get(position.incarnation);
    if (known === undefined || newestFirst(position, known) < 0) positions.set(position.incarnation, position);
  }

  const member: RememberingMember = {
    identity,
    done: [],
    pending: [],
    received: new Set(),
    queue(to, text) {
      const sent = item(meshId, identity, to.identity, { text });
      member.pending.push(sent);
      return sent;
    },
    async drain() {
      const sending = member.pending.splice(0);
      const outcomes = await copied.store.accept(meshId, sending, 10);
      return outcomes.map((outcome, index) => {
        const sent = sending[index];
        assert.ok(sent !== undefined);
        const { seq, epoch, position } = outcome.kind === "duplicate" ? outcome.record : accepted(outcome);
        member.done.push({ sent, seq, epoch });
        if (position !== null) remember(position);
        return outcome.kind === "accepted";
      });
    },
    async receive() {
      const cursor = (await copied.store.cursors(meshId, memberId)).find(({ destination }) => destination === "dm");
      assert.ok(cursor !== undefined);
      const range = { afterSeq: cursor.seq, limitItems: 1_000, limitBytes: 10_000_000 };
      const owed = await copied.store.read(meshId, memberId, "dm", range);
      const ids = owed.map(({ position, envelope }) => {
        remember(position);
        member.received.add(envelope.client_message_id);
        return envelope.client_message_id;
      });
      const acks = [{ destination: "dm" as const, seq: owed.at(-1)?.seq ?? cursor.seq }];
      assert.equal(await copied.store.acknowledge(meshId, memberId, 0, acks), true);
      return ids;
    },
    async connect() {
      const shown = [...positions.values()].sort(newestFirst).slice(0, 16);
      const found = await copied.store.checkPosition(meshId, shown, 50);
      member.follow(await copied.store.log(meshId));
      return found;
    },
    follow(log) {
      const fresh = log.breaks.filter(({ epoch }) => epoch > knownEpoch);
      const lost = member.done.filter((row) =>
        fresh.some(({ epoch, prefix }) => row.epoch < epoch && row.seq > prefix),
      );
      for (const row of lost) member.done.splice(member.done.indexOf(row), 1);
      member.pending.unshift(...lost.map(({ sent }) => sent));
      knownEpoch = Math.max(knownEpoch, ...fresh.map(({ epoch }) => epoch));
    },
  };
  return member;
}

function newestFirst(a: Position, b: Position): number {
  return b.epoch - a.epoch || b.seq - a.seq;
}
