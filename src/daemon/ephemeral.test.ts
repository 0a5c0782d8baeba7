import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "../base/manual-clock.fixture.ts";
import { silentLog } from "../base/log.ts";
import type { MembershipEntry } from "../protocol/membership/entry.ts";
import type { OutboxRowView } from "../protocol/local-api.ts";
import { type EndingParts, endMember, unsentEnd } from "./ephemeral.ts";

/** An outbox of so many messages that the broker has not taken. */
function outboxOf(count: number) {
  const ids = Array.from({ length: count }, (_, n) => `m-${n}`);
  return {
    ids,
    counts: () => ({
      pending: ids.length > 1 ? 1 : ids.length,
      inflight: Math.max(0, ids.length - 1),
      done: 3,
      dead: 2,
      aborted: 0,
    }),
    list: ({ limit }: { limit: number }) => ({
      items: ids.slice(0, limit).map((id) => ({ client_message_id: id }) as OutboxRowView),
      next_cursor: null,
    }),
  };
}

function ending(
  count: number,
  change: { link?: "connected" | "waiting"; failed?: boolean; answersLeave?: boolean } = {},
) {
  const clock = createManualClock(0);
  const outbox = outboxOf(count);
  const left: string[] = [];
  const parts: EndingParts = {
    outbox,
    link: { state: () => ({ state: change.link ?? "connected" }) as ReturnType<EndingParts["link"]["state"]> },
    membership: {
      state: () => null,
      append: (content) => {
        left.push(content({} as never, { epoch: 1, seq: 9 }).kind);
        return change.answersLeave === false ? new Promise(() => {}) : Promise.resolve({ n: 4 } as MembershipEntry);
      },
    },
    memberId: "ab".repeat(32),
    clock,
    log: silentLog,
    drainMs: 10_000,
    hasFailed: () => change.failed === true,
  };
  return { clock, outbox, left, ended: endMember(parts) };
}

/** Everything that was waiting for the clock's present moment has run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function pass(clock: ReturnType<typeof createManualClock>, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 25) {
    clock.advance(25);
    await turn();
  }
}

const idsIn = (end: ReturnType<typeof unsentEnd>): readonly unknown[] => {
  const ids = end?.details?.["ids"];
  return Array.isArray(ids) ? ids : [];
};

describe("the end of an ephemeral member", () => {
  it("waits until the broker has taken everything, and then leaves", async () => {
    const { clock, outbox, left, ended } = ending(2);
    await pass(clock, 5_000);
    assert.deepEqual(left, [], "not before");
    outbox.ids.length = 0;
    await pass(clock, 25);
    assert.equal(await ended, null);
    assert.deepEqual(left, ["leave"]);
  });

  it("gives up when the time is over, names what is lost, and leaves all the same", async () => {
    const { clock, left, ended } = ending(2);
    await pass(clock, 10_000);
    const end = await ended;
    assert.equal(end?.kind, "messages_unsent");
    assert.match(end.message, /not taken 2 messages.*: m-0, m-1$/);
    assert.deepEqual(end.details, { unsent: 2, ids: ["m-0", "m-1"] });
    assert.deepEqual(left, ["leave"]);
  });

  it("does not wait for a link that has ended for good, nor leave without one", async () => {
    const { left, ended } = ending(1, { link: "waiting", failed: true });
    assert.equal((await ended)?.kind, "messages_unsent");
    assert.deepEqual(left, []);
  });

  it("does not wait for ever for a broker that does not say whether it has left", async () => {
    const { clock, left, ended } = ending(0, { answersLeave: false });
    await turn();
    await pass(clock, 5_000);
    assert.equal(await ended, null);
    assert.deepEqual(left, ["leave"]);
  });

  it("names a hundred of the ids that are lost, and how many more there are", () => {
    const end = unsentEnd(outboxOf(250));
    assert.match(end?.message ?? "", /not taken 250 messages.* m-99, and 150 more$/);
    assert.deepEqual([end?.details?.["unsent"], idsIn(end).length], [250, 100]);
    assert.match(unsentEnd(outboxOf(1))?.message ?? "", /not taken 1 message,/);
    assert.equal(unsentEnd(outboxOf(0)), null);
  });
});
