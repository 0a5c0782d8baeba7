import assert from "node:assert/strict";
import { chmodSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { me } from "../inbox/inbox.fixture.ts";
import { checkedPush } from "../inbox/push.fixture.ts";
import { fifo, tell } from "./fifo.fixture.ts";
import { bob, hookBench, runs } from "./hooks.fixture.ts";

describe("hooks", () => {
  it("are called for what they are named after, once for each event", async (t) => {
    const names = [
      "on-message",
      "on-dm",
      "on-mention",
      "on-topic-ops",
      "on-topic-other",
      "on-file-share",
      "on-receipt",
    ];
    const all = [...names, "on-disconnect", "on-reconnect", "on-startup"];
    const scripts = Object.fromEntries(all.map((name) => [name, "cat > /dev/null"]));
    const bench = await hookBench(t, all.map((name) => runs(name)).join(""), { scripts });
    await bench.ends(1);
    const file = { file_id: "f".repeat(64), name: "a.txt", content_type: "text/plain", bytes: 1, key: "k" };
    await bench.inbox.store(
      [
        checkedPush(1, bob, me, "hi ada"),
        checkedPush(2, bob, "ops", "all", { mentions: [me] }),
        { ...checkedPush(3, bob, me, "see"), attachments: [file as never] },
      ],
      1,
    );
    await bench.inbox.addEvents(
      [
        { event: "link_up", data: {} },
        { event: "receipt", data: { client_message_id: "m", stage: "read" } },
        { event: "link_down", data: { reason: "gone" } },
        { event: "link_up", data: {} },
        { event: "link_up", data: {} },
      ],
      2,
    );
    const ends = await bench.ends(12);
    const called = ends.map(({ hook, event_id: id, outcome }) => `${String(hook)} ${String(id)} ${String(outcome)}`);
    assert.deepEqual(called.sort(), [
      "on-disconnect 8 ok",
      "on-dm 2 ok",
      "on-dm 5 ok",
      "on-file-share 5 ok",
      "on-mention 4 ok",
      "on-message 2 ok",
      "on-message 3 ok",
      "on-message 5 ok",
      "on-receipt 7 ok",
      "on-reconnect 9 ok",
      "on-startup null ok",
      "on-topic-ops 3 ok",
    ]);
  });

  it("get the event as JSON and nothing of the daemon's environment", async (t) => {
    process.env["CLAUDEMESH_TEST_SECRET"] = "s3cret";
    t.after(() => delete process.env["CLAUDEMESH_TEST_SECRET"]);
    const bench = await hookBench(t, runs("on-dm"), { scripts: { "on-dm": "cat > event.json; env > environment" } });
    await bench.dms("hi");
    await bench.ends(1);
    const event = JSON.parse(bench.wrote("event.json"));
    assert.deepEqual(
      [event.hook, event.event, event.event_id, event.mesh, event.attempt, event.data.message, event.data.from.name],
      ["on-dm", "message", "1", "local", 1, "hi", "bob"],
    );
    const names = [...bench.wrote("environment").matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    // PWD, OLDPWD, SHLVL and _ are the shell's own.
    assert.deepEqual(names.filter((name) => !/^(PWD|OLDPWD|SHLVL|_)$/.test(name ?? "")).sort(), [
      "CLAUDEMESH_DAEMON_SOCK",
      "CLAUDEMESH_EVENT_ID",
      "CLAUDEMESH_HOOK_NAME",
      "CLAUDEMESH_MESH",
      "LANG",
      "PATH",
    ]);
  });

  it("say how they ended: well, with a code, by a signal, not at all; and what they said last", async (t) => {
    const bench = await hookBench(
      t,
      ["on-dm", "on-message", "on-mention", "on-receipt"].map((hook) => runs(hook)).join(""),
      {
        scripts: { "on-dm": "echo no good >&2; exit 3", "on-message": "kill -KILL $$" },
      },
    );
    bench.script("on-mention", "exit 0", "#!/no/such/interpreter");
    await bench.inbox.store([checkedPush(1, bob, me, "hi", { mentions: [me] })], 1);
    await bench.inbox.addEvents([{ event: "receipt", data: {} }], 1);
    await bench.ends(4);
    const told = bench
      .list()
      .map(({ hook, outcome, exit_code, signal, said }) => [hook, outcome, exit_code, signal, said]);
    assert.deepEqual(told.sort(), [
      ["on-dm", "failed", 3, null, "no good\n"],
      ["on-mention", "not_started", null, null, null],
      ["on-message", "signalled", null, "SIGKILL", null],
      ["on-receipt", "refused", null, null, null],
    ]);
    assert.match(bench.list().find(({ hook }) => hook === "on-mention")?.reason ?? "", /ENOENT/);
    assert.match(bench.list().find(({ hook }) => hook === "on-receipt")?.reason ?? "", /is not there/);
    assert.deepEqual(bench.observed.map(({ hook, exit }) => `${hook} ${exit}`).sort(), [
      "on-dm failed",
      "on-mention not_started",
      "on-message signalled",
      "on-receipt refused",
    ]);
  });

  it("are not run from a file that somebody else could have changed, nor through a link, nor before their settings enable them", async (t) => {
    const bench = await hookBench(t, runs("on-dm"), {
      scripts: { "on-dm": "echo ran >> ran", "on-message": "echo ran >> ran" },
    });
    const path = join(bench.dir, "hooks", "on-dm");
    const refused = async (count: number, reason: RegExp): Promise<void> => {
      await bench.dms(`number ${count}`);
      await bench.ends(count);
      assert.match(bench.list()[0]?.reason ?? "", reason);
      assert.equal(bench.list()[0]?.outcome, "refused");
    };
    chmodSync(path, 0o720);
    await refused(1, /can be written by others/);
    chmodSync(path, 0o600);
    await refused(2, /is not executable/);
    rmSync(path);
    writeFileSync(join(bench.dir, "elsewhere"), "#!/bin/sh\necho ran >> ran\n", { mode: 0o700 });
    symlinkSync(join(bench.dir, "elsewhere"), path);
    await refused(3, /is a link/);
    rmSync(path);
    bench.script("on-dm", "echo ran >> ran");
    chmodSync(join(bench.dir, "hooks"), 0o770);
    await refused(4, /hooks can be changed by others/);
    chmodSync(join(bench.dir, "hooks"), 0o700);
    assert.equal(bench.wrote("ran"), "");
    await bench.dms("at last");
    await bench.ends(5);
    assert.equal(bench.wrote("ran"), "ran\n", "on-message has no table");
  });

  it("are held back where hooks are off, and by new settings from the next event on", async (t) => {
    const bench = await hookBench(t, runs("on-dm"), {
      scripts: { "on-dm": "echo dm >> ran", "on-message": "echo any >> ran" },
    });
    bench.off = "a CI job";
    await bench.dms("unheard");
    bench.off = null;
    writeFileSync(join(bench.dir, "hooks.toml"), runs("on-message"));
    assert.deepEqual(bench.hooks.prepareReload()().slice(0, 2), ["on-dm.enabled", "on-dm.timeout_s"]);
    await bench.dms("heard");
    await bench.ends(1);
    assert.equal(bench.wrote("ran"), "any\n");
    writeFileSync(join(bench.dir, "hooks.toml"), "[on-message]\nenabeld = true\n");
    assert.throws(() => bench.hooks.prepareReload(), /hooks\.toml:2: unknown key `enabeld` in \[on-message\]/);
    assert.ok(bench.hooks.isEnabled("on-message"), "what is wrong changes nothing");
  });

  it("wait on a list with a bound: ten thousand events at once leave as many runs as it holds, and say how many it dropped", async (t) => {
    const bench = await hookBench(t, runs("on-dm", 'audit = "failures"') + runs("on-message"), {
      scripts: { "on-dm": "exit 0", "on-message": "exit 0" },
      limits: { waitingOfOneMax: 10 },
    });
    await bench.dms(...Array.from({ length: 10_000 }, (_, index) => `message ${index}`));
    // Of on-dm only what was dropped is told.
    const ends = await bench.ends(12);
    const dropped = ends.filter(({ outcome }) => outcome === "dropped");
    assert.deepEqual(
      dropped.map(({ hook, runs: count, reason }) => [hook, count, reason]),
      [
        ["on-message", 9_990, "too many runs of this hook wait"],
        ["on-dm", 9_990, "too many runs of this hook wait"],
      ],
    );
    assert.deepEqual(
      bench.observed.filter(({ exit }) => exit === "dropped").map((one) => one.runs),
      [9_990, 9_990],
    );
    assert.equal(bench.inbox.eventsAfter(0, 20_000).filter(({ event }) => event === "message").length, 10_000);
  });

  it("leave room for one another: at most eight run at once, and four of one", async (t) => {
    const bench = await hookBench(t, runs("on-dm") + runs("on-topic-ops"));
    const here = await fifo(t, join(bench.dir, "here"));
    for (const hook of ["on-dm", "on-topic-ops"]) bench.script(hook, "mkfifo go.$$; echo $$ > here; read x < go.$$");
    const dms = [1, 2, 3, 4, 5, 6].map((seq) => checkedPush(seq, bob, me, "to one"));
    const posts = [7, 8, 9, 10, 11, 12].map((seq) => checkedPush(seq, bob, "ops", "to all"));
    await bench.inbox.store([...dms, ...posts], 1);
    const waiting: string[] = [];
    for (let begun = 0; begun < 8; begun += 1) waiting.push(await here.line());
    const counts = () => bench.hooks.view().hooks.map(({ hook, running, waiting: n }) => [hook, running, n]);
    assert.deepEqual(counts(), [
      ["on-dm", 4, 2],
      ["on-topic-ops", 4, 2],
    ]);
    for (const pid of waiting) tell(t, join(bench.dir, `go.${pid}`), "go on");
    for (let begun = 0; begun < 4; begun += 1) tell(t, join(bench.dir, `go.${await here.line()}`), "go on");
    await bench.ends(12);
    assert.deepEqual(counts(), [
      ["on-dm", 0, 0],
      ["on-topic-ops", 0, 0],
    ]);
  });
});
