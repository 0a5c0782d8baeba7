import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { lastText } from "../../demo/recording.ts";
import { play } from "../../demo/story.ts";

test("the scene of the README plays as its picture shows it; `npm run demo:picture` makes both anew", async (t) => {
  const shown = readFileSync(new URL("../../docs/demo.txt", import.meta.url), "utf8");
  assert.equal(lastText(await play(t)), shown);
});
