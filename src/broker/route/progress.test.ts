import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { silentLog } from "../../base/log.ts";
import { createProgress } from "./progress.ts";

/** Cursors of three subscribers over messages 1…n; `asked` counts store calls. */
function fixture() {
  const state = { cursors: [0, 0, 0], asked: 0, online: true };
  const told = new Map<string, number>();
  const progress = createProgress({
    log: silentLog,
    messagesMax: 1_000,
    store: {
      topicProgress: async (_mesh, _topic, seq) => {
        state.asked += 1;
        return { reached: state.cursors.filter((cursor) => cursor >= seq).length, of: 3 };
      },
    },
    online: () => state.online,
    tell: (_mesh, _sender, event) => void told.set(event.client_message_id, event.reached),
  });
  return { state, told, progress };
}

/** Several turns of the event loop: every round under way has ended. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test("whatever the cursors are, each sender hears the true number of every message that someone holds", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 40 })), { maxLength: 12 }),
      async (count, moves) => {
        const { state, told, progress } = fixture();
        for (let seq = 1; seq <= count; seq += 1)
          progress.sent("mesh", { topicId: "t", sender: "s", seq, clientMessageId: `m${seq}` });
        for (const [who, seq] of moves) {
          state.cursors[who] = Math.max(state.cursors[who] ?? 0, seq);
          progress.moved("mesh", "t");
          await settle();
          for (let message = 1; message <= count; message += 1) {
            const reached = state.cursors.filter((cursor) => cursor >= message).length;
            assert.equal(told.get(`m${message}`) ?? 0, reached);
          }
        }
      },
    ),
    { numRuns: 30 },
  );
});

test("a thousand messages that all are held cost a handful of questions", async () => {
  const { state, told, progress } = fixture();
  for (let seq = 1; seq <= 1_000; seq += 1)
    progress.sent("mesh", { topicId: "t", sender: "s", seq, clientMessageId: `m${seq}` });
  await settle();
  state.asked = 0;
  state.cursors = [1_000, 1_000, 1_000];
  progress.moved("mesh", "t");
  await settle();
  assert.equal(told.size, 1_000);
  assert.ok(state.asked <= 2);
});

test("a sender that was away hears on its return", async () => {
  const { state, told, progress } = fixture();
  state.online = false;
  progress.sent("mesh", { topicId: "t", sender: "s", seq: 1, clientMessageId: "m1" });
  state.cursors = [1, 0, 0];
  progress.moved("mesh", "t");
  await settle();
  assert.equal(told.size, 0);
  state.online = true;
  progress.returned("mesh", "s");
  await settle();
  assert.equal(told.get("m1"), 1);
});

test("what was tracked in a log that was lost is told of no more, whatever its number reaches in the new one", async () => {
  const { state, told, progress } = fixture();
  progress.sent("mesh", { topicId: "t", sender: "s", seq: 5, clientMessageId: "lost" });
  await settle();
  progress.lose();
  progress.sent("mesh", { topicId: "t", sender: "s", seq: 4, clientMessageId: "kept" });
  state.cursors = [9, 9, 9];
  progress.moved("mesh", "t");
  await settle();
  assert.deepEqual([...told], [["kept", 3]]);
});
