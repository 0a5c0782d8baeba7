import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { onEnd } from "../support/on-end.ts";
import { inheritedEnvironment } from "../support/inherited-environment.ts";
import { tempFolder } from "../support/temp-folder.ts";

const program = fileURLToPath(new URL("../../src/bin/demo.ts", import.meta.url));

interface Demo {
  readonly ended: Promise<number | null>;
  readonly output: () => string;
  readonly errors: () => string;
  /** Resolves when the output holds the text. */
  readonly said: (text: string) => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Where it may put its temporary folder. */
  readonly folder: string;
}

/** `stdin` null: /dev/null; "open": a pipe that nobody writes to or closes; else its content. */
function demo(t: TestContext, stdin: string | null): Demo {
  const folder = join(tempFolder(t), "t");
  mkdirSync(folder);
  const child = spawn(process.execPath, [program], {
    env: { ...inheritedEnvironment(), TMPDIR: folder },
    stdio: [stdin === null ? "ignore" : "pipe", "pipe", "pipe"],
  });
  let [output, errors] = ["", ""];
  const listeners = new Set<() => void>();
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    for (const listener of listeners) listener();
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  if (stdin !== null && stdin !== "open") child.stdin?.end(stdin);
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  onEnd(t, async () => {
    child.kill("SIGTERM");
    await ended;
  });
  return {
    ended,
    output: () => output,
    errors: () => errors,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (output.includes(text)) resolve();
        };
        listeners.add(look);
        look();
        void ended.then(() => reject(new Error(`ended without saying ${text}: ${output}${errors}`)));
      }),
    kill: (signal) => void child.kill(signal),
    folder,
  };
}

/** Processes whose command line names the folder. */
function processesIn(folder: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (words.includes(folder)) found.push(`${pid} ${words.replaceAll("\0", " ")}`);
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

function leavesNothing(ran: Demo): void {
  assert.deepEqual(processesIn(ran.folder), []);
  assert.deepEqual(readdirSync(ran.folder), []);
}

function total(output: string): string[] {
  const line = /^ *total +(.*)$/m.exec(output)?.[1];
  assert.ok(line !== undefined, `no table in: ${output}`);
  return line.split(/ +/);
}

test("the demo delivers everything once through the kills, says so in its table and leaves nothing behind", async (t) => {
  const ran = demo(t, "what was piped in\n");
  assert.equal(await ran.ended, 0, ran.output() + ran.errors());
  const [sent, once, lost, twice, changed] = total(ran.output());
  assert.ok(Number(sent) >= 20, `only ${sent} sent`);
  assert.deepEqual([once, lost, twice, changed], [sent, "0", "0", "0"]);
  for (const stage of ["queued", "accepted", "delivered"]) {
    assert.equal(
      ran.output().match(new RegExp(`^   ${stage} `, "gm"))?.length,
      Number(sent),
      `each message is told ${stage} once`,
    );
  }
  assert.match(ran.output(), /^ {3}delivered {2}direct {2}standard input$/m);
  const counted = [...ran.output().matchAll(/^ {3}(\d+) of \d+ not yet/gm)].map((found) => Number(found[1]));
  assert.equal(counted.length, 2);
  assert.ok(
    counted.every((count) => count > 0),
    `the kills hit nothing: ${counted.join(", ")}`,
  );
  assert.match(ran.output(), new RegExp(`^ {3}at alice, who sent them {2}${sent} of ${sent}$`, "m"));
  assert.match(ran.output(), new RegExp(`^ {3}at the broker {12}0 of ${sent}$`, "m"));
  leavesNothing(ran);
});

test("the demo does not wait for a pipe that nobody closes", async (t) => {
  const ran = demo(t, "open");
  assert.equal(await ran.ended, 0, ran.output() + ran.errors());
  assert.doesNotMatch(ran.output(), /standard input/);
});

test("interrupted in the middle of a kill, the demo still cleans up", async (t) => {
  const ran = demo(t, null);
  await ran.said("2  the broker is killed");
  ran.kill("SIGINT");
  assert.equal(await ran.ended, 130);
  leavesNothing(ran);
});

test("a failure is told by the exit code, and still leaves nothing behind", async (t) => {
  const ran = demo(t, null);
  await ran.said("1  alice sends");
  // Somebody else kills what the demo relies on: it must not claim success.
  const [daemon] = processesIn(ran.folder).filter((line) => line.includes("run-daemon") && line.includes("alice"));
  process.kill(Number(daemon?.split(" ")[0]), "SIGKILL");
  assert.equal(await ran.ended, 1, ran.output());
  assert.match(ran.errors(), /^error: /m);
  leavesNothing(ran);
});
