import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../support/run.ts";

const program = fileURLToPath(new URL("../../torture/kill.ts", import.meta.url));

test("daemons and broker killed at random under load: nothing answered is lost or shown twice (short form of npm run torture)", async () => {
  const { code, stdout, stderr } = await run(process.execPath, [program, "--seconds", "6", "--senders", "3"]);
  assert.equal(code, 0, stdout + stderr);
});
