import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../torture/kill.ts", import.meta.url));

test("daemons and broker killed at random under load: nothing answered is lost or shown twice (short form of npm run torture)", async () => {
  const child = spawn(process.execPath, [program, "--seconds", "6", "--senders", "3"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 0, output);
});
