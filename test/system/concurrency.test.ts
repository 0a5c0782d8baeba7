import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { silentLog } from "../../src/base/log.ts";
import { exitCodeOf, exitCodes } from "../../src/bin/exit-codes.ts";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { connect } from "../../src/client/connect.ts";
import { createDaemon, type Daemon } from "../../src/daemon/daemon.ts";
import type { ConcurrencyPolicy } from "../../src/protocol/concurrency.ts";
import { ClaudemeshError } from "../../src/protocol/error.ts";
import type { HealthView } from "../../src/protocol/local-api.ts";
import { broker } from "../support/broker.ts";
import { clock as manualClock } from "../support/clock.ts";
import { onEnd } from "../support/on-end.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** A daemon under whoever starts it again after an end, as far as that code is one that it starts again after. */
interface Service {
  /** Exit codes of its ends so far. */
  readonly ends: readonly number[];
  /** What it says of its link; null while it does not run. */
  link(): Promise<HealthView["link"] | null>;
  /** Resolves when its link is in that state. */
  reaches(state: HealthView["link"]["state"]): Promise<HealthView["link"]>;
  /** Its time passes until it dials again; how long that was. */
  waitOut(): Promise<number>;
  /** Resolves when it ran, ended and was not started again. */
  readonly over: Promise<void>;
  stop(): Promise<void>;
}

function service(t: TestContext, dir: string, startsAgainAfter: (code: number) => boolean): Service {
  const clock = manualClock(Date.now());
  const ends: number[] = [];
  let stopped = false;
  let current: Daemon | null = null;
  async function run(): Promise<void> {
    while (!stopped) {
      const daemon = createDaemon({ dir, clock, log: silentLog, http: false, dial: "when_due" });
      current = daemon;
      await daemon.start();
      const why = await daemon.ended;
      await daemon.stop();
      current = null;
      if (why === null) return;
      ends.push(exitCodeOf(why.kind));
      if (!startsAgainAfter(exitCodeOf(why.kind))) return;
    }
  }
  const over = run();
  async function stop(): Promise<void> {
    stopped = true;
    await current?.stop();
  }
  onEnd(t, stop);
  async function link(): Promise<HealthView["link"] | null> {
    const client = connect({ socketPath: join(dir, "sock") });
    try {
      return (await client.health()).link;
    } catch (thrown) {
      if (thrown instanceof ClaudemeshError && thrown.code === "not_running") return null;
      throw thrown;
    } finally {
      client.close();
    }
  }
  async function reaches(state: HealthView["link"]["state"]): Promise<HealthView["link"]> {
    for (;;) {
      const found = await link();
      if (found?.state === state) return found;
    }
  }
  return {
    ends,
    link,
    reaches,
    over,
    stop,
    async waitOut() {
      const { next_dial_at: due } = await reaches("waiting");
      const waitMs = Date.parse(due ?? assert.fail("it does not say until when")) - clock.now();
      clock.advance(waitMs);
      return waitMs;
    },
  };
}

/** One member's home and a copy of it that was made before it ever ran, at a broker whose mesh has that policy. */
async function twoHomes(t: TestContext, policy: ConcurrencyPolicy) {
  const folder = tempFolder(t);
  const { dataDir } = await broker(t, { dataDir: join(folder, "broker") });
  const [original, copy, admin] = ["original", "copy", "admin"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const [dir, name, role] of [
    [original, "alice", "member"],
    [admin, "ada", "owner"],
  ] as const) {
    mkdirSync(dir, { mode: 0o700 });
    await joinBroker({ dir, dataDir, name, role });
  }
  cpSync(original, copy, { recursive: true });
  const ada = service(t, admin, () => false);
  await ada.reaches("connected");
  const client = connect({ socketPath: join(admin, "sock") });
  onEnd(t, () => client.close());
  assert.deepEqual(await client.membership.setConcurrency(policy), { policy });
  assert.deepEqual(await client.membership.concurrency(), { policy });
  return { original, copy, client };
}

const unit = readFileSync(new URL("../../deploy/claudemesh-daemon.service", import.meta.url), "utf8");
const prevented = /^RestartPreventExitStatus=(.*)$/m.exec(unit)?.[1]?.split(" ").map(Number) ?? [];
/** `Restart=on-failure` with the unit's RestartPreventExitStatus. */
const asSystemd = (code: number): boolean => code !== exitCodes.ok && !prevented.includes(code);
const always = (): boolean => true;

test("of two services as the unit makes them the older ends once and is left alone, under prefer_newest", async (t) => {
  const { original, copy } = await twoHomes(t, "prefer_newest");
  const first = service(t, original, asSystemd);
  await first.reaches("connected");
  const second = service(t, copy, asSystemd);
  await first.over;
  assert.deepEqual(first.ends, [exitCodes.replaced_by_newer_connection]);
  await second.reaches("connected");
  assert.deepEqual(second.ends, []);
});

test("of two services as the unit makes them the newer ends once and is left alone, under prefer_oldest", async (t) => {
  const { original, copy } = await twoHomes(t, "prefer_oldest");
  const first = service(t, original, asSystemd);
  const { instance_id: instance } = await first.reaches("connected");
  const second = service(t, copy, asSystemd);
  await second.over;
  assert.deepEqual(second.ends, [exitCodes.member_already_connected]);
  assert.equal((await first.reaches("connected")).instance_id, instance);
  assert.deepEqual(first.ends, []);
});

test("two services that are started again after every end take the link from each other ever more rarely", async (t) => {
  const { original, copy } = await twoHomes(t, "prefer_newest");
  let [holder, other] = [service(t, original, always), service(t, copy, always)];
  const [one, two] = [holder, other];
  const hourMs = 3_600_000;
  const waits: number[] = [];
  for (let passedMs = 0; passedMs < hourMs; ) {
    const found = await Promise.all([one.link(), two.link()]);
    const waiting = found.findIndex((link) => link?.state === "waiting");
    const holds = found[1 - waiting];
    if (waiting === -1 || holds?.state !== "connected") continue;
    [holder, other] = waiting === 0 ? [two, one] : [one, two];
    const waitMs = await other.waitOut();
    waits.push(waitMs);
    passedMs += waitMs;
    assert.ok(waits.length <= 20, `after ${passedMs} ms they have replaced each other ${waits.length} times`);
  }
  assert.ok(waits.length >= 14, JSON.stringify(waits));
  assert.equal(waits.at(-1), 600_000);
});

test("one that is refused and started again after every end dials ever more rarely, and takes nothing from who was first", async (t) => {
  const { original, copy } = await twoHomes(t, "prefer_oldest");
  const first = service(t, original, always);
  const { instance_id: instance } = await first.reaches("connected");
  const second = service(t, copy, always);
  const waits: number[] = [];
  for (let times = 0; times < 4; times += 1) waits.push(await second.waitOut());
  assert.deepEqual(waits, [5_000, 10_000, 20_000, 40_000]);
  assert.deepEqual([...new Set(second.ends)], [exitCodes.member_already_connected]);
  assert.deepEqual(first.ends, []);
  assert.equal((await first.link())?.instance_id, instance);
});

test("under allow_concurrent both send, each hears of its own receipts, and when the receiving one ends the other receives", async (t) => {
  const { original, copy, client: ada } = await twoHomes(t, "allow_concurrent");
  const [first, second] = [service(t, original, asSystemd), service(t, copy, asSystemd)];
  await Promise.all([first.reaches("connected"), second.reaches("connected")]);
  const roles = [(await first.link())?.receives, (await second.link())?.receives];
  assert.deepEqual([...roles].sort(), [false, true]);
  const [receiver, sender] = roles[0] === true ? [original, copy] : [copy, original];
  const [receiving, sending] = [receiver, sender].map((dir) => connect({ socketPath: join(dir, "sock") })) as [
    ReturnType<typeof connect>,
    ReturnType<typeof connect>,
  ];
  onEnd(t, () => receiving.close());
  onEnd(t, () => sending.close());
  const send = { to: "@ada", message: "hello" };
  await sending.send({ ...send, client_message_id: "by-the-sender" }, { wait: "delivered" });
  await receiving.send({ ...send, client_message_id: "by-the-receiver" }, { wait: "delivered" });
  await ada.send({ to: "@alice", message: "to alice" }, { wait: "delivered" });
  const received = async (client: typeof ada): Promise<number> => (await client.inbox.list()).items.length;
  assert.deepEqual([await received(receiving), await received(sending)], [1, 0]);
  const [ends, follows] = roles[0] === true ? [first, second] : [second, first];
  await ends.stop();
  await follows.waitOut();
  assert.equal((await follows.reaches("connected")).receives, true);
  await ada.send({ to: "@alice", message: "to alice again" }, { wait: "delivered" });
  assert.equal(await received(sending), 1);
});
