import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { createManualClock, type ManualClock } from "../../base/manual-clock.fixture.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { exitCodes } from "../exit-codes.ts";
import { afterEnd, delayMaxMs, firstDelayMs, steadyMs } from "./after-end.ts";
import type { StartRequest } from "./start-request.ts";
import { type Child, childStopMs, createSupervisor, type SupervisedMesh, type Supervisor } from "./supervisor.ts";

interface FakeChild extends Child {
  readonly slug: string;
  readonly dial: string;
  readonly signals: string[];
  end(code: number | null, signal?: string | null): void;
}

interface Bench {
  readonly clock: ManualClock;
  readonly supervisor: Supervisor;
  /** Every process that was started, in order. */
  readonly started: FakeChild[];
  readonly meshes: Map<string, SupervisedMesh>;
  readonly requests: Map<string, StartRequest>;
  /** What is found of a daemon that was not started here. */
  readonly elsewhere: Map<string, { runs: boolean; code: number | null }>;
  readonly log: string[];
  /** The last one started of a mesh ends, and the supervisor has seen it. */
  end(slug: string, code: number | null): Promise<void>;
  /** Time passes, and the supervisor looks. */
  pass(ms: number): Promise<void>;
  /** Of a start. */
  failure: Error | null;
  /** A command of the home is at work. */
  isBusy: boolean;
}

async function bench(...slugs: readonly string[]): Promise<Bench> {
  const clock = createManualClock();
  const started: FakeChild[] = [];
  const meshes = new Map(slugs.map((slug) => [slug, { slug, dir: `/home/daemon/${slug}` }]));
  const requests = new Map<string, StartRequest>();
  const elsewhere = new Map<string, { runs: boolean; code: number | null }>();
  const log: string[] = [];
  const note = (_fields: unknown, message: string): void => void log.push(message);
  const supervisor = createSupervisor({
    clock,
    log: { debug: note, info: note, warn: note, error: note },
    meshes: () => [...meshes.values()],
    async start({ slug }, dial) {
      if (of.isBusy) return null;
      if (of.failure !== null) throw of.failure;
      const ended = Promise.withResolvers<{ code: number | null; signal: string | null }>();
      const signals: string[] = [];
      const child: FakeChild = {
        slug,
        dial,
        signals,
        pid: started.length + 1,
        ended: ended.promise,
        kill: (signal) => void signals.push(signal),
        end: (code, signal = null) => ended.resolve({ code, signal }),
      };
      started.push(child);
      return child;
    },
    look: async ({ slug }) => elsewhere.get(slug) ?? { runs: false, code: null },
    request: ({ slug }) => requests.get(slug) ?? null,
    taken: ({ slug }) => void requests.delete(slug),
  });
  const of: Bench = {
    clock,
    supervisor,
    started,
    meshes,
    requests,
    elsewhere,
    log,
    failure: null,
    isBusy: false,
    async end(slug, code) {
      started.findLast((child) => child.slug === slug)?.end(code, code === null ? "SIGKILL" : null);
      await new Promise((resolve) => setImmediate(resolve));
      await supervisor.look();
    },
    async pass(ms) {
      clock.advance(ms);
      await supervisor.look();
    },
  };
  await supervisor.look();
  return of;
}

test("each mesh of the home has its daemon, one that is joined later as well", async () => {
  const of = await bench("local", "team");
  assert.deepEqual(
    of.started.map(({ slug, dial }) => [slug, dial]),
    [
      ["local", "when_due"],
      ["team", "when_due"],
    ],
  );
  of.meshes.set("later", { slug: "later", dir: "/home/daemon/later" });
  await of.pass(2_000);
  assert.deepEqual(
    of.started.map(({ slug }) => slug),
    ["local", "team", "later"],
  );
});

test("one that was killed or failed is started again, ever later, and soon again after it ran for long", async () => {
  const of = await bench("local");
  const waited: number[] = [];
  for (const code of [null, exitCodes.unexpected, exitCodes.store_failed, null]) {
    const before = of.started.length;
    await of.end("local", code);
    assert.equal(of.started.length, before, "not at once");
    let ms = 0;
    for (; of.started.length === before; ms += 500) await of.pass(500);
    waited.push(ms);
  }
  assert.deepEqual(waited, [1_000, 2_000, 4_000, 8_000]);
  await of.pass(steadyMs);
  await of.end("local", null);
  await of.pass(firstDelayMs);
  assert.equal(of.started.length, 6);
});

test("however it ends again and again, the starts of a day are bounded", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ code: fc.constantFrom(null, 1, 15), ranMs: fc.nat(steadyMs - 1) }), {
        minLength: 1,
        maxLength: 400,
      }),
      (ends) => {
        let attempts = 0;
        let last = 0;
        for (const end of ends) {
          const next = afterEnd(end, attempts);
          assert.ok(next.do === "start");
          assert.ok(next.inMs >= last && next.inMs <= delayMaxMs && next.inMs >= firstDelayMs);
          [attempts, last] = [next.attempts, next.inMs];
        }
        if (ends.length > 9) assert.equal(last, delayMaxMs);
      },
    ),
  );
});

test("one that was told to stop is left so, and started when a command asks", async () => {
  const of = await bench("local", "team");
  await of.end("local", exitCodes.ok);
  await of.pass(delayMaxMs);
  assert.equal(of.started.length, 2);
  of.requests.set("local", { dial: "at_once", at: 0 });
  await of.supervisor.look();
  assert.deepEqual([of.started.at(-1)?.slug, of.started.at(-1)?.dial, of.requests.size], ["local", "at_once", 0]);
});

test("one that a command has started is waited for from the beginning again", async () => {
  const of = await bench("local");
  for (let ends = 0; ends < 5; ends += 1) {
    await of.end("local", exitCodes.unexpected);
    await of.pass(delayMaxMs);
  }
  await of.end("local", exitCodes.unexpected);
  of.requests.set("local", { dial: "at_once", at: 0 });
  await of.supervisor.look();
  const before = of.started.length;
  await of.end("local", exitCodes.unexpected);
  await of.pass(firstDelayMs);
  assert.equal(of.started.length, before + 1);
});

test("a request that comes before its daemon is seen to have ended is kept until then", async () => {
  const of = await bench("local");
  of.requests.set("local", { dial: "after_end", at: 0 });
  await of.supervisor.look();
  assert.deepEqual([of.started.length, of.requests.size], [1, 1]);
  await of.end("local", exitCodes.ok);
  assert.deepEqual([of.started.length, of.started.at(-1)?.dial, of.requests.size], [2, "after_end", 0]);
});

for (const [name, code] of Object.entries(exitCodes).filter(([, known]) => known === 2 || (known > 10 && known !== 15)))
  test(`one that ended by ${name} stays down whatever time passes, while others run, and says so`, async () => {
    const of = await bench("local", "team");
    await of.end("local", code);
    for (let hours = 0; hours < 24; hours += 1) await of.pass(3_600_000);
    assert.equal(of.started.length, 2);
    assert.match(of.log.at(-1) ?? "", new RegExp(`exit code ${code} .*stays down`));
  });

test("when every daemon needs a person, the supervisor ends and names each; not while one was told to stop, or has one elsewhere", async () => {
  const of = await bench("local", "team", "work");
  let end: string | null = null;
  void of.supervisor.settled.then(({ message }) => {
    end = message;
  });
  await of.end("local", exitCodes.member_revoked);
  await of.end("work", exitCodes.ok);
  await of.end("team", exitCodes.invalid_config);
  assert.equal(end, null);
  of.requests.set("work", { dial: "at_once", at: 0 });
  await of.supervisor.look();
  of.elsewhere.set("work", { runs: true, code: null });
  await of.end("work", exitCodes.already_running);
  assert.equal(end, null);
  of.elsewhere.set("work", { runs: false, code: exitCodes.schema_newer });
  await of.pass(2_000);
  assert.match(end ?? "", /local .*23 \(member revoked\).*team .*11 .*work .*13 /);
});

test("a home without a mesh is waited in", async () => {
  const of = await bench();
  let settled = false;
  void of.supervisor.settled.then(() => {
    settled = true;
  });
  await of.pass(60_000);
  assert.equal(settled, false);
});

test("a daemon that runs elsewhere is left alone, and started here when it was killed there", async () => {
  const of = await bench("local");
  of.elsewhere.set("local", { runs: true, code: null });
  await of.end("local", exitCodes.already_running);
  await of.pass(3_600_000);
  assert.equal(of.started.length, 1);
  for (const code of [null, exitCodes.already_running, exitCodes.unexpected]) {
    of.elsewhere.set("local", { runs: false, code });
    const before: number = of.started.length;
    await of.pass(2_000);
    await of.pass(firstDelayMs);
    assert.equal(of.started.length, before + 1, `${code}`);
    of.elsewhere.set("local", { runs: true, code: null });
    await of.end("local", exitCodes.already_running);
  }
  of.elsewhere.set("local", { runs: false, code: exitCodes.ok });
  await of.pass(2_000);
  await of.pass(delayMaxMs);
  assert.equal(of.started.length, 4, "it was told to stop there");
});

test("a mesh that is gone from the home is forgotten, and started anew when it comes back", async () => {
  const of = await bench("local", "team");
  await of.end("local", exitCodes.ok);
  const mesh = of.meshes.get("local");
  of.meshes.delete("local");
  await of.pass(2_000);
  if (mesh !== undefined) of.meshes.set("local", mesh);
  await of.pass(2_000);
  assert.equal(of.started.length, 3);
});

test("a daemon whose mesh is gone from the home is told to stop with the others all the same", async (t) => {
  const of = await bench("local");
  of.meshes.delete("local");
  await of.pass(2_000);
  const { stopped } = stopping(t, of);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(of.started[0]?.signals, ["SIGTERM"]);
  of.started[0]?.end(exitCodes.ok);
  await stopped;
});

test("while a command of the home is at work nothing is started by itself, and then it is, at once", async () => {
  const of = await bench("local");
  of.isBusy = true;
  await of.end("local", null);
  for (let looks = 0; looks < 10; looks += 1) await of.pass(2_000);
  assert.equal(of.started.length, 1);
  of.isBusy = false;
  await of.pass(0);
  assert.equal(of.started.length, 2);
});

test("a process that cannot be started is tried again like one that failed", async () => {
  const of = await bench();
  of.meshes.set("local", { slug: "local", dir: "/home/daemon/local" });
  of.failure = new Error("no process left");
  await of.supervisor.look();
  assert.match(of.log[0] ?? "", /cannot be started: no process left; it is started again in 1 s/);
  of.failure = null;
  await of.pass(firstDelayMs);
  assert.equal(of.started.length, 1);
});

test("a folder that cannot be read needs a person like a daemon that ended over it", async () => {
  const of = await bench("team");
  of.meshes.set("local", { slug: "local", dir: "/home/daemon/local" });
  of.failure = new ClaudemeshError("invalid_config", "keypair.json is not JSON", { hint: "put it back" });
  await of.supervisor.look();
  of.failure = null;
  await of.pass(delayMaxMs);
  assert.equal(of.started.length, 1);
  assert.match(of.log.at(-1) ?? "", /cannot be started: keypair.json is not JSON and stays down/);
});

test("a daemon that cannot be looked at keeps no other from being started", async () => {
  const of = await bench("local", "team");
  of.elsewhere.set("local", {
    get runs(): boolean {
      throw new Error("mesh.json is not JSON");
    },
    code: null,
  });
  await of.end("local", exitCodes.already_running);
  await of.end("team", null);
  await of.pass(firstDelayMs);
  assert.equal(of.started.length, 3);
  assert.ok(of.log.some((line) => line.includes("a look at the daemon of local failed: mesh.json is not JSON")));
});

function stopping(t: TestContext, of: Bench): { readonly stopped: Promise<void>; isOver(): boolean } {
  let over = false;
  const stopped = of.supervisor.stop().then(() => {
    over = true;
  });
  t.after(() => stopped);
  return { stopped, isOver: () => over };
}

test("told to stop it tells every daemon, waits for all, and starts none again", async (t) => {
  const of = await bench("local", "team");
  const { stopped, isOver } = stopping(t, of);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    of.started.map(({ signals }) => signals),
    [["SIGTERM"], ["SIGTERM"]],
  );
  of.started[0]?.end(exitCodes.ok);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isOver(), false);
  of.started[1]?.end(null, "SIGKILL");
  await stopped;
  await new Promise((resolve) => setImmediate(resolve));
  await of.pass(delayMaxMs);
  assert.equal(of.started.length, 2);
});

test("a daemon that does not stop in time is ended by force", async (t) => {
  const of = await bench("local");
  const { stopped } = stopping(t, of);
  await new Promise((resolve) => setImmediate(resolve));
  of.clock.advance(childStopMs);
  assert.deepEqual(of.started[0]?.signals, ["SIGTERM", "SIGKILL"]);
  of.started[0]?.end(null, "SIGKILL");
  await stopped;
});

test("a signal to read settings anew reaches every daemon", async () => {
  const of = await bench("local", "team");
  of.supervisor.signal("SIGHUP");
  assert.deepEqual(
    of.started.map(({ signals }) => signals),
    [["SIGHUP"], ["SIGHUP"]],
  );
});
