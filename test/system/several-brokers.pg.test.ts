import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../support/run.ts";

const program = fileURLToPath(new URL("../../torture/brokers.ts", import.meta.url));

test("brokers, Redis and PostgreSQL killed under load: nothing answered is lost, shown twice, out of order or dead (short form of npm run torture:brokers)", async () => {
  const { code, stdout, stderr } = await run(process.execPath, [program, "--seconds", "15", "--daemons", "20"]);
  assert.equal(code, 0, stdout + stderr);
});
