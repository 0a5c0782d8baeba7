/**
 * Kills daemons and the broker at random moments under load and checks the promise: every send that was answered is in
 * the receiver's inbox exactly once, in the order of the sender's outbox. Black box: it knows the CLI and the local API.
 *
 *   node torture/kill.ts [--seconds 120] [--senders 8] [--seed N]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { call, claudemesh, type Host, hostStatus, pidEnded } from "./host.ts";
import { type Acknowledged, type InboxPage, judge, readInbox, type Received, seeded } from "./judge.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "120" },
    senders: { type: "string", default: "8" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
  },
});
const durationMs = Number(values.seconds) * 1000;
const senders = Number(values.senders);
const random = seeded(Number(values.seed));
const drainDeadlineMs = 120_000;
const paceEvery = 50;
const backlogMax = 10_000;

const root = mkdtempSync(join(tmpdir(), "claudemesh-torture-"));
const alice: Host = { name: "alice", home: join(root, "alice"), broker: null };
const bob: Host = { name: "bob", home: join(root, "bob"), broker: join(root, "alice", "broker") };
const hosts = [alice, bob];
const acknowledged: Acknowledged[] = [];
const kills = { broker: 0, alice: 0, bob: 0 };
let running = true;
let exitCode = 1;

try {
  for (const host of hosts) await claudemesh(host, upArguments(host));
  await claudemesh(alice, ["topic", "create", "builds"]);
  for (const host of hosts) await claudemesh(host, ["topic", "join", "builds"]).catch(() => undefined);
  process.stderr.write(`seed ${values.seed}, ${values.seconds} s, ${senders} senders a host\n`);

  const started = Date.now();
  const load = hosts.flatMap((host) => Array.from({ length: senders }, (_, lane) => sendLoop(host, lane)));
  const killer = killLoop(started);
  await killer;
  running = false;
  await Promise.all(load);
  for (const host of hosts) await claudemesh(host, upArguments(host));
  await drained();
  exitCode = await verdict();
} finally {
  running = false;
  for (const host of [bob, alice])
    await claudemesh(host, ["down"]).catch((error) => process.stderr.write(`${error}\n`));
  if (exitCode === 0) rmSync(root, { recursive: true, force: true });
  else process.stderr.write(`\nseed ${values.seed}; homes and logs are kept in ${root}\n`);
}
process.exitCode = exitCode;

function upArguments(host: Host): string[] {
  return [
    "up",
    "--persistent",
    "--http",
    "--name",
    host.name,
    ...(host.broker === null ? [] : ["--broker", host.broker]),
  ];
}

async function sendLoop(host: Host, lane: number): Promise<void> {
  const peer = host === alice ? "@bob" : "@alice";
  for (let n = 0; running; n += 1) {
    if (n % paceEvery === 0) await backlogBelow(host, backlogMax);
    const id = `${host.name}-${lane}-${n}`;
    const to = n % 3 === 0 ? "#builds" : peer;
    while (running) {
      const answer = await call(host, "POST", "/v1/send", {
        to,
        message: `message ${id}`,
        client_message_id: id,
      }).catch(() => null);
      if (answer !== null && (answer.status === 202 || answer.status === 200)) {
        acknowledged.push({ id, outboxId: Number(answer.json["outbox_id"]), from: host.name, target: to });
        break;
      }
      if (answer !== null && answer.status !== 429 && answer.status < 500) {
        throw new Error(`${id}: unexpected ${answer.status} ${JSON.stringify(answer.json)}`);
      }
      await pause(50);
    }
  }
}

/** The broker takes less than a daemon does: without this a long run would end with hours of queue. */
async function backlogBelow(host: Host, rowsMax: number): Promise<void> {
  while (running) {
    const health = await call(host, "GET", "/v1/health").catch(() => null);
    const outbox = (health?.json["outbox"] ?? {}) as Record<string, number>;
    if (health?.status === 200 && (outbox["pending"] ?? 0) < rowsMax) return;
    await pause(50);
  }
}

async function killLoop(started: number): Promise<void> {
  while (Date.now() - started < durationMs) {
    await pause(200 + random() * 1_300);
    const victims = ["broker", "alice", "bob"] as const;
    const victim = victims[Math.floor(random() * victims.length)] ?? "broker";
    const host = victim === "bob" ? bob : alice;
    const pid = await pidOf(host, victim);
    process.kill(pid, "SIGKILL");
    kills[victim] += 1;
    await pidEnded(pid);
    await pause(random() * 400);
    await claudemesh(host, upArguments(host));
    process.stderr.write(`\r${acknowledged.length} acknowledged, ${kills.broker + kills.alice + kills.bob} kills `);
  }
}

/** On a busy machine a process may take longer to answer than status waits for it. */
async function pidOf(host: Host, victim: "broker" | "alice" | "bob"): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const status = await hostStatus(host);
    const pid = victim === "broker" ? status.broker?.pid : status.daemons[0]?.pid;
    if (typeof pid === "number") return pid;
    if (tries === 10) throw new Error(`no pid of ${victim} in ${JSON.stringify(status)}`);
  }
}

async function drained(): Promise<void> {
  const deadline = Date.now() + drainDeadlineMs;
  for (;;) {
    const waiting: number[] = [];
    for (const host of hosts) {
      const { json } = await call(host, "GET", "/v1/health");
      const outbox = json["outbox"] as Record<string, number>;
      waiting.push((outbox["pending"] ?? 0) + (outbox["inflight"] ?? 0));
    }
    if (waiting.every((count) => count === 0)) break;
    if (Date.now() > deadline)
      throw new Error(`not drained in ${drainDeadlineMs} ms: ${waiting.join(" + ")} rows wait`);
    await pause(200);
  }
  // Deliveries trail the broker's acknowledgements: wait until no inbox has grown for two seconds.
  let before = -1;
  for (;;) {
    const now = (await received(alice)).length + (await received(bob)).length;
    if (now === before) return;
    before = now;
    await pause(2_000);
  }
}

function received(host: Host): Promise<Received[]> {
  return readInbox(async (cursor) => {
    const query = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    return (await call(host, "GET", `/v1/inbox?limit=1000${query}`)).json as unknown as InboxPage;
  });
}

async function verdict(): Promise<number> {
  const inboxes = new Map<string, Received[]>();
  for (const host of hosts) inboxes.set(host.name, await received(host));
  const { lost, twice, outOfOrder, wrong } = judge(acknowledged, inboxes, ({ from }) => [
    from === alice.name ? bob.name : alice.name,
  ]);
  process.stdout.write(
    `\nkills: broker ${kills.broker}, alice ${kills.alice}, bob ${kills.bob}\n` +
      `acknowledged ${acknowledged.length} · lost ${lost} · shown twice ${twice} · out of order ${outOfOrder}\n` +
      wrong.map((line) => `${line}\n`).join(""),
  );
  return lost + twice + outOfOrder === 0 && acknowledged.length > 0 ? 0 : 1;
}
