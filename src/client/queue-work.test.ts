import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { ClaudemeshError } from "../protocol/error.ts";
import type { ErrorCode } from "../protocol/error-codes.ts";
import { limits } from "../protocol/limits.ts";
import type { ClaimedMessage, HealthView, LeaseEnded } from "../protocol/local-api.ts";
import type { Client } from "./client.ts";
import { type WorkHandler, type WorkOptions, work } from "./queue-work.ts";

type Queues = Client["queues"];
/** What is said to the daemon about a message, in order. */
type Said = readonly [what: string, leaseId: string, more?: unknown];

/** A daemon with these messages in its queue, at the end of which the work is told to end. */
function queue(
  messages: readonly object[],
  answers: Partial<Pick<Queues, "claim" | "ack" | "nack" | "extend">> = {},
  health = async () => ({}) as HealthView,
) {
  const left = messages.map((more, index) => ({ lease_id: `l${index}`, body: "", ...more }) as ClaimedMessage);
  const said: Said[] = [];
  const stop = new AbortController();
  const failures: [string, string, string][] = [];
  const ended = (state: LeaseEnded["state"]): LeaseEnded => ({ history_id: 1, state, available_at: null });
  const client = {
    health,
    queues: {
      async claim() {
        const next = left.shift();
        if (next === undefined) stop.abort();
        return next === undefined ? [] : [next];
      },
      async ack(_queue, leaseId) {
        said.push(["ack", leaseId]);
        return ended("done");
      },
      async nack(_queue, leaseId, choice) {
        said.push(["nack", leaseId, choice]);
        return ended("ready");
      },
      async extend(_queue, leaseId, choice) {
        said.push(["extend", leaseId, choice]);
        return { history_id: 1, lease_until: "t" };
      },
      ...answers,
    } as Partial<Queues> as Queues,
  };
  const run = (handler: WorkHandler, options: WorkOptions = {}) =>
    work(client, "jobs", handler, {
      signal: stop.signal,
      onFailure: ({ lease_id }, { code }, became) => failures.push([lease_id, code, became]),
      ...options,
    });
  return { run, said, failures, stop };
}

const refusing = (code: ErrorCode) => async (): Promise<never> => {
  throw new ClaudemeshError(code, code);
};

test("each message is acknowledged once its handler is done, one after the other, until the signal", async () => {
  const { run, said } = queue([{}, {}]);
  let running = 0;
  const done = await run(async () => {
    running += 1;
    assert.equal(running, 1);
    await Promise.resolve();
    running -= 1;
  });
  assert.deepEqual(
    [done, said],
    [
      2,
      [
        ["ack", "l0"],
        ["ack", "l1"],
      ],
    ],
  );
});

test("who does not ask to be told of failures is warned of each, with the place in the handler", async () => {
  const warned = once(process, "warning");
  const { run } = queue([{ broker_message_id: "b0" }]);
  const failing = () => {
    throw new Error("no\nroom");
  };
  await run(failing, { onFailure: undefined } as unknown as WorkOptions);
  const [{ name, message, detail }] = (await warned) as [Error & { readonly detail: string }];
  assert.deepEqual([name, message], ["ClaudemeshWarning", "message b0 was not done with (ready): no room"]);
  assert.match(detail, /queue-work\.test\.ts/);
});

test("what a handler throws gives its message back, with the reason in one line, and the work goes on", async () => {
  const { run, said, failures } = queue([{}, {}]);
  const done = await run(
    ({ lease_id }) => {
      if (lease_id === "l0") throw new Error(`no\nroom\u0000\ud800 ${"x".repeat(1_000)}`);
    },
    { delay_s: 30 },
  );
  const [nack, ack] = said;
  const { delay_s, reason } = (nack?.[2] ?? {}) as { delay_s: number; reason: string };
  assert.deepEqual([done, nack?.slice(0, 2), ack, delay_s], [1, ["nack", "l0"], ["ack", "l1"], 30]);
  assert.match(reason, /^no room \ufffd x+$/);
  assert.ok(reason.length <= limits.nackReasonCharsMax);
  assert.deepEqual(failures, [["l0", "internal", "ready"]]);
});

test("a message that cannot be shown to be its sender's is nobody's work: given back unseen", async () => {
  const { run, said, failures } = queue([{ unavailable: "the key is not here" }]);
  assert.equal(await run(() => assert.fail("it was worked on")), 0);
  assert.deepEqual(said, [["nack", "l0", { delay_s: 0, reason: "the key is not here" }]]);
  assert.deepEqual(failures, [["l0", "undecryptable", "ready"]]);
});

test("the lease is extended while the handler runs", async () => {
  const extended = Promise.withResolvers<void>();
  const { run, said } = queue([{}], {
    async extend() {
      extended.resolve();
      return { history_id: 1, lease_until: "t" };
    },
  });
  assert.equal(await run(() => extended.promise, { lease_s: 0.1 }), 1);
  assert.deepEqual(said, [["ack", "l0"]]);
});

test("a handler whose lease is lost is told, and its message is neither acknowledged nor given back", async () => {
  const { run, said, failures } = queue([{}, {}], { extend: refusing("lease_lost") });
  const done = await run(
    ({ lease_id }, lost) =>
      lease_id === "l0" ? new Promise((resolve) => lost.addEventListener("abort", resolve)) : undefined,
    { lease_s: 0.1 },
  );
  assert.deepEqual([done, said, failures], [1, [["ack", "l1"]], [["l0", "lease_lost", "lost"]]]);
});

test("a broker that is away is waited for, also with what became of a message", async () => {
  const away = [refusing("broker_unreachable"), refusing("not_running")];
  const acks = [...away];
  const claims = [...away];
  const { run, stop } = queue([], {
    claim: async () => (await claims.shift()?.()) ?? [{ lease_id: "l0", body: "" } as ClaimedMessage],
    ack: async () => (await acks.shift()?.()) ?? { history_id: 1, state: "done", available_at: null },
  });
  assert.equal(await run(() => stop.abort()), 1);
});

test("a message whose lease was over before it could be acknowledged counts as lost, and the work goes on", async () => {
  const { run, failures } = queue([{}, {}], { ack: refusing("lease_lost") });
  assert.equal(await run(() => {}), 0);
  assert.deepEqual(failures, [
    ["l0", "lease_lost", "lost"],
    ["l1", "lease_lost", "lost"],
  ]);
});

test("what repeating cannot mend ends the work: a queue that is gone, a daemon that never ran", async () => {
  const gone = queue([], { claim: refusing("unknown_destination") });
  await assert.rejects(
    gone.run(() => {}),
    { code: "unknown_destination" },
  );
  const deleted = queue([{}], { ack: refusing("unknown_destination") });
  await assert.rejects(
    deleted.run(() => {}),
    { code: "unknown_destination" },
  );
  const never = queue([{}], {}, refusing("not_running"));
  await assert.rejects(
    never.run(() => {}),
    { code: "not_running" },
  );
});

test("told to end while it waits for a message, it ends without an error; the message under way is finished", async () => {
  const waiting = queue([], {
    claim: (_queue, _choice, options) =>
      new Promise((_resolve, reject) => {
        options?.signal?.addEventListener("abort", () => reject(options.signal?.reason));
        waiting.stop.abort();
      }),
  });
  assert.equal(await waiting.run(() => {}), 0);
  const busy = queue([{}, {}]);
  assert.equal(await busy.run(() => busy.stop.abort()), 1);
});
