import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { processPrint } from "../../base/process-print.ts";
import { inboxAt } from "../inbox/inbox.fixture.ts";
import { fifo } from "./fifo.fixture.ts";
import { hookBench, runs } from "./hooks.fixture.ts";

/** Resolves when the last process that holds the pipe for writing is gone. */
const gone = (path: string): Promise<Buffer> => readFile(path);
/** Of a script: everything that it starts holds this pipe open. */
const holding = "exec 9> held\n";

describe("the process of a hook", () => {
  it("is told to end at its timeout, and killed five seconds later with its whole group when it does not heed it", async (t) => {
    const clock = createManualClock();
    const bench = await hookBench(t, runs("on-dm"), { clock });
    const said = await fifo(t, join(bench.dir, "said"));
    await once(spawn("mkfifo", [join(bench.dir, "held")]), "exit");
    bench.script(
      "on-dm",
      `${holding}trap 'echo told > said' TERM; (trap '' TERM; exec sleep 1000) & echo ready > said; while :; do wait; done`,
    );
    const held = gone(join(bench.dir, "held"));
    await bench.dms("hi");
    assert.equal(await said.line(), "ready");
    clock.advance(29_999);
    clock.advance(1);
    assert.equal(await said.line(), "told");
    assert.equal(bench.list()[0]?.state, "running");
    clock.advance(5_000);
    await held;
    await bench.ends(1);
    assert.deepEqual([bench.list()[0]?.outcome, bench.list()[0]?.signal], ["timed_out", "SIGKILL"]);
  });

  it("takes what it has started in its group with it when it ends, however many they are and whatever they ignore", async (t) => {
    const bench = await hookBench(t, runs("on-dm"));
    await once(spawn("mkfifo", [join(bench.dir, "held")]), "exit");
    bench.script(
      "on-dm",
      `${holding}n=0; while [ $n -lt 200 ]; do (trap '' TERM HUP INT; sleep 1000 & exec sleep 1000) & n=$((n + 1)); done; echo $n > started`,
    );
    const held = gone(join(bench.dir, "held"));
    await bench.dms("hi");
    await held;
    await bench.ends(1);
    assert.deepEqual([bench.list()[0]?.outcome, bench.wrote("started")], ["ok", "200\n"]);
  });

  it("may write a hundred megabytes: they are read, cut and kept nowhere, and no reply is made of them", async (t) => {
    const bench = await hookBench(t, runs("on-dm", "allow_reply = true"), {
      scripts: {
        "on-dm": `printf '{"reply": "'; head -c 100000000 /dev/zero | tr '\\0' x; printf '"}'; head -c 3000000 /dev/zero | tr '\\0' y >&2`,
      },
    });
    await bench.dms("hi");
    await bench.ends(1);
    const [run] = bench.list();
    assert.deepEqual([run?.outcome, run?.said, run?.reply], ["ok", "y".repeat(4_096), null]);
    assert.match(run?.reason ?? "", /longer than output_size_limit/);
    assert.deepEqual(bench.sent, []);
    const result = await bench.hooks.runNow({ hook: "on-dm", event: "test", data: {} });
    assert.deepEqual([result.stdout.length, result.output_cut], [65_536, true]);
  });

  it("need not read what it is given, may close its pipes early, and leaves nothing open", async (t) => {
    const bench = await hookBench(t, runs("on-dm") + runs("on-message"), {
      scripts: { "on-dm": "exit 0", "on-message": "exec 0<&- 1>&- 2>&-; exit 0" },
    });
    await bench.dms("x".repeat(200_000));
    await bench.ends(2);
    assert.deepEqual(
      bench.list().map(({ outcome }) => outcome),
      ["ok", "ok"],
    );
  });

  it("is given at most 256 KiB, and told what was cut; and of a redacted payload who, when and where alone", async (t) => {
    const bench = await hookBench(t, runs("on-dm") + runs("on-message", "redact_payload = true"), {
      scripts: { "on-dm": "cat > whole", "on-message": "cat > redacted" },
    });
    await bench.dms(`${"😀\\u0000".repeat(50_000)}`);
    await bench.ends(2);
    const whole = bench.wrote("whole");
    assert.ok(Buffer.byteLength(whole) <= 262_144 && Buffer.byteLength(whole) > 262_000, `${Buffer.byteLength(whole)}`);
    const event = JSON.parse(whole);
    assert.deepEqual([event._truncated, event.data.body], [["body", "message"], ""]);
    assert.ok(event.data.message.isWellFormed() && event.data.message.startsWith("😀"));
    const redacted = JSON.parse(bench.wrote("redacted"));
    assert.deepEqual(redacted._redacted, ["message", "body"]);
    assert.deepEqual([redacted.data.message, redacted.data.body, redacted.data.from.name], [null, null, "bob"]);
  });

  it("ends when the daemon stops, and its run waits for the next start; a hook that ends the daemon is given up", async (t) => {
    const bench = await hookBench(t, runs("on-dm"));
    const said = await fifo(t, join(bench.dir, "said"));
    bench.script("on-dm", "echo ready > said; exec sleep 1000");
    await bench.dms("hi");
    for (const attempt of [1, 2]) {
      assert.equal(await said.line(), "ready");
      await bench.hooks.stop();
      assert.deepEqual([bench.list()[0]?.state, bench.list()[0]?.attempts], ["waiting", attempt]);
      await bench.restart();
    }
    assert.equal(await said.line(), "ready");
    await bench.hooks.stop();
    assert.deepEqual([bench.list()[0]?.outcome, bench.list()[0]?.attempts], ["interrupted", 3]);
  });

  it("outlives a daemon that is killed, and is killed at the next start, which calls the hook again", async (t) => {
    const bench = await hookBench(t, runs("on-dm"));
    const said = await fifo(t, join(bench.dir, "said"));
    bench.script("on-dm", "echo $$ > said; exec sleep 1000");
    await bench.hooks.stop();
    await bench.inbox.stop();
    const program = fileURLToPath(new URL("./hooking-process.fixture.ts", import.meta.url));
    const daemon = spawn(process.execPath, [program, bench.dir], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(daemon, "exit");
    // It says when it has written down what it started.
    for await (const line of createInterface({ input: daemon.stdout })) if (line === "noted") daemon.kill("SIGKILL");
    await ended;
    const first = Number(await said.line());
    assert.notEqual(processPrint(first), null, "nobody has ended it");
    await bench.restart();
    const second = Number(await said.line());
    assert.equal(processPrint(first), null);
    assert.deepEqual([bench.list()[0]?.state, bench.list()[0]?.attempts], ["running", 2]);
    process.kill(-second, "SIGKILL");
    await bench.ends(1);
    assert.equal(bench.list().length, 1);
  });
});

test("killed at any moment, the inbox has for each message that it has one run of its hook, no more and no fewer", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "cm-hooks-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const program = fileURLToPath(new URL("./enqueuing-process.fixture.ts", import.meta.url));
  let reported = 0;
  for (let round = 0; round < 3; round += 1) {
    const child = spawn(process.execPath, [program, dir], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    const killAfter = reported + 20 + Math.floor(Math.random() * 50);
    for await (const line of createInterface({ input: child.stdout })) {
      reported = Number(line);
      if (reported === killAfter) child.kill("SIGKILL");
    }
    await ended;
    const inbox = inboxAt(join(dir, "inbox.db"));
    await inbox.start();
    const called = inbox.database.read((db) => db.prepare("SELECT event_id AS id FROM hook_run ORDER BY id").all());
    const events = inbox.eventsAfter(0, 1_000).filter(({ event }) => event === "message");
    assert.ok(events.length >= reported);
    assert.deepEqual(
      called.map(({ id }) => id),
      events.map(({ id }) => id),
    );
    await inbox.stop();
  }
});
