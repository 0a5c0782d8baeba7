import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../support/run.ts";

const program = fileURLToPath(new URL("../../torture/postgres.ts", import.meta.url));

test("sessions ended, the server crashed, connections cut behind a commit, brokers killed: every id is one row and told as that (short form of npm run torture:postgres)", async () => {
  const { code, stdout, stderr } = await run(process.execPath, [program, "--seconds", "8", "--senders", "8"]);
  assert.equal(code, 0, stdout + stderr);
});
