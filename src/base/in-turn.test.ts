import assert from "node:assert/strict";
import { test } from "node:test";
import { createInTurn, createTogether } from "./in-turn.ts";

test("works begin one after the other in their order, and one that fails is its caller's alone", async () => {
  const inTurn = createInTurn();
  const said: string[] = [];
  let release = (): void => undefined;
  const first = inTurn(async () => {
    said.push("first begins");
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    said.push("first ends");
    throw new Error("first");
  });
  const second = inTurn(async () => said.push("second"));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(said, ["first begins"]);
  release();
  await assert.rejects(first, /first/);
  assert.equal(await second, 3);
  assert.deepEqual(said, ["first begins", "first ends", "second"]);
});

test("those who ask while a work runs share one more, which begins after it, also when it failed", async () => {
  const runs: { end(): void; fail(error: Error): void }[] = [];
  const ask = createTogether(() => new Promise<void>((end, fail) => runs.push({ end, fail })));
  const first = ask();
  await new Promise((resolve) => setImmediate(resolve));
  const others = [ask(), ask(), ask()];
  assert.equal(runs.length, 1);
  runs[0]?.fail(new Error("first"));
  await assert.rejects(first, /first/);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(runs.length, 2);
  runs[1]?.end();
  await Promise.all(others);
  void ask();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(runs.length, 3);
});
