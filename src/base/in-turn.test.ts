import assert from "node:assert/strict";
import { test } from "node:test";
import { createInTurn } from "./in-turn.ts";

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
