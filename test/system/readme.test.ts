import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { tempFolder } from "../support/temp-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");

test('what the README says to type under "Use it" works word by word in an empty home, and leaves nothing running', async (t) => {
  const section = /## Use it\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? "";
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map((block) => block[1] ?? "");
  assert.equal(blocks.length, 3);
  const home = tempFolder(t);
  const script = ["set -e", ...blocks, "./claudemesh status"].join("\n");
  const { code, output } = await bash(script, home);
  assert.equal(code, 0, output);
  assert.match(output, /hello/);
  assert.match(output, /"client_message_id":"build-42"/);
  assert.match(output, /delivered greeting-1\naccepted greeting-1 \(it was already/);
  assert.doesNotMatch(output.split("\n").slice(-8).join("\n"), /running/);
});

/** As a reader has it: a shell in the checkout, a home of its own, no other settings. */
function bash(script: string, home: string): Promise<{ code: number | null; output: string }> {
  const { CLAUDEMESH_HOME: _, CI: __, ...env } = process.env;
  const child = spawn("bash", ["-c", script], {
    cwd: root,
    env: { ...env, HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, output })));
}
