import assert from "node:assert/strict";
import { test } from "node:test";
import { answersKept } from "./answers-kept.ts";

function counted() {
  let made = 0;
  return { made: () => made, work: async () => ++made };
}

test("a call with a key that was used is answered by the first one's answer, also while that is still being made", async () => {
  const { made, work } = counted();
  const answers = answersKept();
  const both = await Promise.all([answers.once("k", "same", work), answers.once("k", "same", work)]);
  assert.deepEqual([...both, await answers.once("k", "same", work), made()], [1, 1, 1, 1]);
});

test("a key that was given to another call is refused, and does nothing", async () => {
  const { made, work } = counted();
  const answers = answersKept();
  await answers.once("k", "one", work);
  await assert.rejects(answers.once("k", "other", work), { code: "idempotency_key_reused" });
  assert.equal(made(), 1);
});

test("a call that failed is made again with the same key", async () => {
  const answers = answersKept();
  await assert.rejects(
    answers.once("k", "same", async () => {
      throw new Error("no");
    }),
  );
  assert.equal(await answers.once("k", "same", async () => "yes"), "yes");
});

test("beyond its bound the oldest answer is forgotten", async () => {
  const { made, work } = counted();
  const answers = answersKept(2);
  for (const key of ["a", "b", "c"]) await answers.once(key, "same", work);
  await answers.once("c", "same", work);
  assert.equal(made(), 3);
  await answers.once("a", "same", work);
  assert.equal(made(), 4);
});
