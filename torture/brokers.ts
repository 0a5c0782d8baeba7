/**
 * Three brokers over one PostgreSQL and one Redis behind a balancer, and daemons that send all the time. Brokers are killed, Redis and PostgreSQL
 * crash and come back. At the end every send that was answered is in the inbox of everyone it was for exactly once, in order, or was acknowledged once
 * by who took it from the queue, and nothing is dead.
 *
 *   node torture/brokers.ts [--seconds 120] [--daemons 20] [--seed N]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../src/base/clock.ts";
import { silentLog } from "../src/base/log.ts";
import { joinBroker } from "../src/bin/join-broker.ts";
import { startPostgres } from "../src/broker/testing/postgres-server.ts";
import { redisServer } from "../src/broker/testing/redis-server.ts";
import type { Client } from "../src/client/client.ts";
import { connect } from "../src/client/connect.ts";
import { createDaemon } from "../src/daemon/daemon.ts";
import { readMeshFile, writeMeshFile } from "../src/daemon/identity/mesh-file.ts";
import type { SendRequest } from "../src/protocol/local-api.ts";
import { ClaudemeshError } from "../src/protocol/error.ts";
import { balancer, type BrokerProcess, brokerProcess, writeDeployment } from "./deployment.ts";
import { deliveriesMax, queue, type QueueWork, queueWork } from "./queue-work.ts";
import { type Acknowledged, judge, readInbox, type Received, seeded } from "./judge.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "120" },
    daemons: { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
  },
});
const durationMs = Number(values.seconds) * 1_000;
const daemonCount = Number(values.daemons);
const random = seeded(Number(values.seed));
const brokerCount = 3;
/** As processes of their own; the others run in this one. */
const daemonProcesses = 2;
/** Daemons that take work from the queue. */
const workerCount = 3;
const drainDeadlineMs = 120_000;
const daemonProgram = fileURLToPath(new URL("../src/bin/run-daemon.ts", import.meta.url));

interface Member {
  readonly name: string;
  readonly client: Client;
  readonly dir: string;
  stop(): Promise<void>;
}

const root = mkdtempSync(join(tmpdir(), "cm-brokers-"));
const cleanups: (() => unknown)[] = [];
const acknowledged: Acknowledged[] = [];
/** Daemons that ended by themselves: none may. */
const gone: string[] = [];
const counts = { retries: 0, broker_kill: 0, broker_stop: 0, redis_kill: 0, postgres_crash: 0, postgres_restart: 0 };
let running = true;
let exitCode = 1;

const interrupted = new Promise<number>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(1));
});

try {
  exitCode = await Promise.race([main(), interrupted]);
} finally {
  running = false;
  for (const clean of cleanups.toReversed())
    await Promise.resolve(clean()).catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
  if (exitCode === 0) rmSync(root, { recursive: true, force: true });
  else process.stderr.write(`\nseed ${values.seed}; data and logs are kept in ${root}\n`);
}
process.exit(exitCode);

async function main(): Promise<number> {
  const postgres = await startPostgres();
  cleanups.push(() => postgres.remove());
  const redis = await redisServer({ after: (clean: () => unknown) => void cleanups.push(clean) });
  const brokers: BrokerProcess[] = [];
  const front = await balancer(() => brokers.flatMap((broker) => broker.port() ?? []));
  cleanups.push(() => front.close());
  const deploymentDir = join(root, "deployment");
  writeDeployment(deploymentDir, front.authority);
  const env = {
    DATABASE_URL: await postgres.createDatabase(),
    REDIS_URL: redis.url,
    CLAUDEMESH_DEPLOYMENT_DIR: deploymentDir,
  };
  for (let n = 0; n < brokerCount; n += 1) {
    const broker = brokerProcess(join(root, `broker-${n}`), env);
    cleanups.push(() => broker.end("SIGKILL"));
    await broker.start();
    brokers.push(broker);
  }
  const members: Member[] = [];
  for (let n = 0; n < daemonCount; n += 1) {
    const member = await startMember(`m${n}`, n < daemonProcesses, brokers[0] as BrokerProcess, front.authority);
    cleanups.push(() => member.stop());
    members.push(member);
  }
  await connected(members);
  await members[0]?.client.topics.create("builds");
  for (const member of members) await patiently(() => member.client.topics.join("builds"));
  await members[0]?.client.queues.create(queue, { deliveries_max: deliveriesMax });
  // A daemon sends to what it has heard of.
  for (const { name, client } of members) {
    const id = `${name}-first`;
    const request = { to: queue, message: `message ${id}`, client_message_id: id };
    const { outbox_id } = await patiently(() => client.send(request));
    acknowledged.push({ id, outboxId: outbox_id, from: name, target: queue });
  }
  process.stderr.write(`seed ${values.seed}, ${values.seconds} s, ${brokerCount} brokers, ${daemonCount} daemons\n`);

  const work = queueWork();
  const workers = members.slice(0, workerCount).map(({ client }) => work.work(client));
  const blows = chaos(brokers, postgres, redis).finally(() => {
    running = false;
  });
  await Promise.all([blows, ...members.map((member) => sendLoop(member, members))]);
  const inboxes = await drained(members, work);
  work.stop();
  await Promise.all(workers);
  const worked = work.judge(acknowledged);
  const names = members.map(({ name }) => name);
  const receivers = ({ target, from }: Acknowledged): readonly string[] =>
    target === queue ? [] : target.startsWith("@") ? [target.slice(1)] : names.filter((name) => name !== from);
  const { lost, twice, outOfOrder, wrong } = judge(acknowledged, inboxes, receivers);
  const dead = (await Promise.all(members.map(({ client }) => client.outbox.list({ state: "dead" })))).flatMap(
    ({ items }) => items,
  );
  const delivered = [...inboxes.values()].reduce((sum, inbox) => sum + inbox.length, 0);
  process.stdout.write(
    `\n${Object.entries(counts)
      .map(([what, count]) => `${what} ${count}`)
      .join(" · ")}\n` +
      `acknowledged ${acknowledged.length} · in inboxes ${delivered} · lost ${lost} · shown twice ${twice} · out of order ${outOfOrder} · ` +
      `dead ${dead.length} · of the queue ${worked.sent}, lost ${worked.lost}, done twice ${worked.twice} · daemons that ended ${gone.length}\n${[...wrong, ...gone, ...dead.slice(0, 5).map((row) => JSON.stringify(row))].map((line) => `${line}\n`).join("")}`,
  );
  return lost + twice + outOfOrder + dead.length + worked.lost + worked.twice + gone.length === 0 &&
    acknowledged.length > 0
    ? 0
    : 1;
}

/** Registered at one broker, linked by the balancer. */
async function startMember(name: string, apart: boolean, broker: BrokerProcess, authority: string): Promise<Member> {
  const dir = join(root, name);
  await joinBroker({ dir, dataDir: broker.dataDir, name, role: "member" });
  const mesh = readMeshFile(dir);
  const link = new URL(mesh.broker_url);
  link.host = authority;
  writeMeshFile(dir, { ...mesh, broker_url: link.href });
  if (apart) return daemonApart(name, dir);
  const daemon = createDaemon({ dir, clock: systemClock, log: silentLog, http: false });
  await daemon.start();
  void daemon.ended.then((end) => gone.push(`${name}: ${end === null ? "stopped" : `${end.kind}: ${end.message}`}`));
  const client = connect({ socketPath: daemon.socketPath });
  return {
    name,
    client,
    dir,
    async stop() {
      client.close();
      await daemon.stop();
    },
  };
}

async function daemonApart(name: string, dir: string): Promise<Member> {
  const child = spawn(process.execPath, [daemonProgram, "--dir", dir], { stdio: ["ignore", "ignore", "inherit"] });
  let stopping = false;
  const ended = new Promise<void>((resolve) =>
    child.once("close", (code) => {
      if (!stopping) gone.push(`${name}: its process ended with ${String(code)}`);
      resolve();
    }),
  );
  const client = await patiently(async () => {
    const found = connect({ dir });
    await found.health();
    return found;
  });
  return {
    name,
    client,
    dir,
    async stop() {
      stopping = true;
      client.close();
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 30_000; ; await pause(100)) {
    try {
      return await attempt();
    } catch (thrown) {
      if (Date.now() > deadline) throw thrown;
    }
  }
}

async function connected(members: readonly Member[]): Promise<void> {
  for (const { client } of members)
    await patiently(async () => {
      if ((await client.health()).link.state !== "connected") throw new Error("not linked");
      await client.members();
    });
}

/** Ids that a caller chose, sent again now and then as a caller does that did not hear the answer. */
async function sendLoop({ name, client }: Member, members: readonly Member[]): Promise<void> {
  for (let n = 0; running; n += 1) {
    const id = `${name}-${n}-${Math.floor(random() * 1e9).toString(36)}`;
    const other = members[Math.floor(random() * members.length)] as Member;
    const kind = random();
    const target = kind < 0.15 ? queue : kind < 0.4 || other.name === name ? "#builds" : `@${other.name}`;
    const request = { to: target, message: `message ${id}`, client_message_id: id };
    const outboxId = await answered(client, request);
    if (outboxId === null) return;
    acknowledged.push({ id, outboxId, from: name, target });
    if (random() < 0.15) {
      const again = await answered(client, request);
      if (again !== null && again !== outboxId) throw new Error(`${id}: a retry was taken for another message`);
      counts.retries += 1;
    }
    await pause(50 + random() * 200);
  }
}

/** The outbox_id once the daemon has taken it; null when the run ended first. */
async function answered(client: Client, request: SendRequest): Promise<number | null> {
  while (running) {
    try {
      return (await client.send(request)).outbox_id;
    } catch (thrown) {
      if (!ClaudemeshError.from(thrown).retryable) throw thrown;
      await pause(50);
    }
  }
  return null;
}

type Blow = "broker_kill" | "broker_stop" | "redis_kill" | "postgres_crash" | "postgres_restart";

async function chaos(
  brokers: readonly BrokerProcess[],
  postgres: Awaited<ReturnType<typeof startPostgres>>,
  redis: Awaited<ReturnType<typeof redisServer>>,
): Promise<void> {
  const blows: Record<Blow, () => Promise<void>> = {
    broker_kill: () => again("SIGKILL"),
    broker_stop: () => again("SIGTERM"),
    async redis_kill() {
      await redis.kill();
      await pause(random() * 2_000);
      await redis.restart();
    },
    async postgres_crash() {
      await postgres.stop("immediate");
      await pause(random() * 1_000);
      await postgres.start();
    },
    async postgres_restart() {
      await postgres.stop("fast");
      await pause(random() * 1_000);
      await postgres.start();
    },
  };
  async function again(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const victim = brokers[Math.floor(random() * brokers.length)] as BrokerProcess;
    await victim.end(signal);
    await pause(random() * 500);
    await patiently(() => victim.start());
  }
  // Each once, so that a short run has them all; then brokers more often than the rest.
  const first: Blow[] = [
    "broker_kill",
    "redis_kill",
    "postgres_crash",
    "broker_kill",
    "broker_stop",
    "postgres_restart",
  ];
  const later: Blow[] = [...first, "broker_kill", "broker_kill", "broker_kill"];
  const started = Date.now();
  for (let n = 0; n < first.length || Date.now() - started < durationMs; n += 1) {
    await pause(500 + random() * 1_500);
    const blow = first[n] ?? later[Math.floor(random() * later.length)] ?? "broker_kill";
    await blows[blow]();
    counts[blow] += 1;
    process.stderr.write(
      `\r${Math.round((Date.now() - started) / 1_000)} s, ${acknowledged.length} acknowledged, ${n + 1} blows `,
    );
  }
}

/** Until every outbox is empty and every inbox has what it is owed, or the deadline, when what is missing is lost. */
async function drained(members: readonly Member[], work: QueueWork): Promise<ReadonlyMap<string, readonly Received[]>> {
  const deadline = Date.now() + drainDeadlineMs;
  for (;;) {
    let waiting = 0;
    for (const { client } of members) {
      const { outbox } = await client.health();
      waiting += outbox.pending + outbox.inflight;
    }
    const inboxes = new Map<string, readonly Received[]>();
    for (const { name, client } of members)
      inboxes.set(
        name,
        await readInbox((cursor) => client.inbox.list({ limit: 1_000, ...(cursor === null ? {} : { cursor }) })),
      );
    const topic = acknowledged.filter(({ target }) => target.startsWith("#")).length;
    const direct = acknowledged.filter(({ target }) => target.startsWith("@")).length;
    const owed = direct + topic * (members.length - 1);
    const there = [...inboxes.values()].reduce((sum, inbox) => sum + inbox.length, 0);
    const isWorked = await patiently(() => work.done((members[0] as Member).client));
    if ((waiting === 0 && there >= owed && isWorked) || Date.now() > deadline) {
      process.stderr.write(`\n${waiting} rows wait, ${there} of ${owed} are there\n`);
      return inboxes;
    }
    await pause(500);
  }
}
