/**
 * Two brokers over one PostgreSQL, and senders that know nothing but the wire. Sessions are ended, the server crashes, connections are cut behind a
 * commit, brokers are killed. At the end every id that was answered for is one row with the number and message it was told, and the database is sound.
 *
 *   node torture/postgres.ts [--seconds 120] [--senders 16] [--seed N]
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { systemClock } from "../src/base/clock.ts";
import { silentLog } from "../src/base/log.ts";
import { adminClient } from "../src/bin/admin-client.ts";
import { loadDeploymentKey } from "../src/broker/deployment-key.ts";
import { createPostgresStore } from "../src/broker/store/postgres/postgres-store.ts";
import { connectPeer, envelopeOf, type Identity, newIdentity, type Peer } from "../src/broker/testing/peer.ts";
import { type PostgresRelay, postgresRelay } from "../src/broker/testing/postgres-relay.ts";
import { onServer, type PostgresServer, startPostgres } from "../src/broker/testing/postgres-server.ts";
import { redisServer } from "../src/broker/testing/redis-server.ts";
import type { Envelope } from "../src/protocol/envelope.ts";
import type { SendAnswer } from "../src/protocol/frames.ts";
import { newUuidV7 } from "../src/protocol/ids.ts";
import { type BrokerProcess, brokerProcess, writeDeployment } from "./deployment.ts";
import { seeded } from "./judge.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "120" },
    senders: { type: "string", default: "16" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
  },
});
const durationMs = Number(values.seconds) * 1_000;
const random = seeded(Number(values.seed));
const itemsMax = 12;

/** What a sender was told of one of its ids, whenever it was told. */
interface Told {
  readonly messages: Set<string>;
  readonly numbers: Set<number>;
  readonly statuses: Map<number, number>;
}

const root = mkdtempSync(join(tmpdir(), "cm-torture-postgres-"));
const cleanups: (() => unknown)[] = [];
const told = new Map<string, Told>();
const conflicts: string[] = [];
const counts = { session_end: 0, cut_behind_commit: 0, cut_behind_statement: 0, server_crash: 0, broker_kill: 0 };
let marker = "";
let running = true;
let exitCode = 1;

try {
  exitCode = await main();
} finally {
  running = false;
  for (const clean of cleanups.toReversed())
    await Promise.resolve(clean()).catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
  if (exitCode === 0) rmSync(root, { recursive: true, force: true });
  else process.stderr.write(`\nseed ${values.seed}; data and logs are kept in ${root}\n`);
}
process.exit(exitCode);

async function main(): Promise<number> {
  const ends = { after: (clean: () => unknown) => void cleanups.push(clean) };
  const postgres = await startPostgres();
  cleanups.push(() => postgres.remove());
  const relay = await postgresRelay(ends, postgres.port);
  const redis = await redisServer(ends);
  const direct = await postgres.createDatabase();
  const deploymentDir = join(root, "deployment");
  writeDeployment(deploymentDir, "127.0.0.1:1");
  const env = { DATABASE_URL: relay.url(direct), REDIS_URL: redis.url, CLAUDEMESH_DEPLOYMENT_DIR: deploymentDir };
  const brokers: BrokerProcess[] = [];
  for (const name of ["one", "two"]) {
    const broker = brokerProcess(join(root, name), env);
    cleanups.push(() => broker.end("SIGKILL"));
    await broker.start();
    brokers.push(broker);
  }
  const admin = adminClient((brokers[0] as BrokerProcess).dataDir);
  const { mesh_id: meshId } = await admin.mesh("local");
  const members = Array.from({ length: Number(values.senders) }, newIdentity);
  for (const [n, { memberId }] of members.entries())
    await admin.addMember(meshId, { member_id: memberId, name: `m${n}`, role: "member" });
  process.stderr.write(`seed ${values.seed}, ${values.seconds} s, ${members.length} senders\n`);
  const blows = chaos(brokers, postgres, direct, relay).finally(() => {
    running = false;
  });
  await Promise.all([blows, ...members.map((member, n) => sendLoop(n, member, meshId, members, brokers))]);
  for (const broker of brokers) await broker.end("SIGTERM");
  return judge(direct, deploymentDir, meshId, brokers);
}

/** As a daemon: the same envelopes in the same order until each is answered for good, on whatever link can be had. */
async function sendLoop(
  turn: number,
  from: Identity,
  meshId: string,
  members: readonly Identity[],
  brokers: readonly BrokerProcess[],
): Promise<void> {
  let link: Peer | null = null;
  let instance: string | null = null;
  let waiting: Envelope[] = [];
  for (let n = turn; running || waiting.length > 0; n += 1) {
    if (link === null) {
      const port = brokers[n % brokers.length]?.port();
      const hello: { instance_id: string; previous_instance_id: string | null } = {
        instance_id: newUuidV7(Date.now()),
        previous_instance_id: instance,
      };
      const url = `ws://127.0.0.1:${port}/v1/link`;
      link = port == null ? null : await connectPeer({ url, meshId, identity: from, hello }).catch(() => null);
      if (link === null) {
        await pause(50);
        continue;
      }
      instance = hello.instance_id;
    }
    if (waiting.length === 0)
      waiting = Array.from({ length: 1 + Math.floor(random() * itemsMax) }, () => message(from, meshId, members));
    marker = waiting[0]?.body ?? "";
    const answers: readonly SendAnswer[] | null = await link.sendItems(waiting).catch(() => null);
    if (answers === null) link = null;
    for (const answer of answers ?? []) note(answer);
    const refused = new Set(
      (answers ?? []).filter(({ status }) => status >= 429).map((answer) => answer.client_message_id),
    );
    if (answers === null) continue;
    // Now and then all of it again, as after an answer that was lost.
    if (random() > 0.2) waiting = waiting.filter(({ client_message_id: id }) => refused.has(id));
  }
  await link?.close();
}

function message(from: Identity, meshId: string, members: readonly Identity[]): Envelope {
  const to = random() < 0.2 ? "#all" : (members[Math.floor(random() * members.length)]?.memberId ?? "");
  const mentions = members.filter(() => random() < 0.1).map(({ memberId }) => memberId);
  return envelopeOf(meshId, from, to, newUuidV7(Date.now()), { mentions: mentions.toSorted() });
}

function note(answer: SendAnswer): void {
  const id = answer.client_message_id;
  const known = told.get(id) ?? { messages: new Set(), numbers: new Set(), statuses: new Map() };
  told.set(id, known);
  known.statuses.set(answer.status, (known.statuses.get(answer.status) ?? 0) + 1);
  if ("duplicate" in answer) {
    known.messages.add(answer.broker_message_id);
    known.numbers.add(answer.history_id);
  } else if (answer.status < 429) conflicts.push(JSON.stringify(answer));
}

async function chaos(
  brokers: readonly BrokerProcess[],
  postgres: PostgresServer,
  direct: string,
  relay: PostgresRelay,
): Promise<void> {
  // Whether it came to a cut: the statement that is waited for may have passed already.
  const cut = (when: "sent" | "committed") => () =>
    Promise.race([relay.cutAfter(marker, when).then(() => true), pause(1_000).then(() => false)]);
  const blows: Record<keyof typeof counts, () => Promise<unknown>> = {
    session_end: () =>
      onServer(direct, (client) =>
        client.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'claudemesh-broker' AND state = 'active'",
        ),
      ),
    cut_behind_commit: cut("committed"),
    cut_behind_statement: cut("sent"),
    async server_crash() {
      await postgres.stop("immediate");
      await postgres.start();
    },
    async broker_kill() {
      const victim = brokers[Math.floor(random() * brokers.length)] as BrokerProcess;
      await victim.end("SIGKILL");
      await victim.start();
    },
  };
  const started = Date.now();
  const names = Object.keys(blows) as (keyof typeof counts)[];
  const often: (keyof typeof counts)[] = ["session_end", "session_end", "cut_behind_commit", "cut_behind_statement"];
  // Each once, so that a short run has them all.
  for (let n = 0; n < names.length || Date.now() - started < durationMs; n += 1) {
    await pause(100 + random() * 400);
    const choice = random() < 0.8 ? often : names;
    const blow = names[n] ?? choice[Math.floor(random() * choice.length)] ?? "session_end";
    if ((await blows[blow]()) !== false) counts[blow] += 1;
    process.stderr.write(`\r${Math.round((Date.now() - started) / 1_000)} s, ${told.size} ids, ${n + 1} blows `);
  }
}

async function judge(
  direct: string,
  deploymentDir: string,
  meshId: string,
  brokers: readonly BrokerProcess[],
): Promise<number> {
  const wrong: string[] = [...conflicts];
  const { rows } = await onServer(direct, (client) =>
    client.query<{ id: string; seq: number; message: string }>(
      "SELECT client_message_id AS id, seq::int, broker_message_id AS message FROM mesh.message_queue WHERE mesh_id = $1 ORDER BY seq",
      [meshId],
    ),
  );
  const committed = new Map(rows.map((row) => [row.id, row]));
  if (committed.size !== rows.length) wrong.push("an id has more than one row");
  for (const [index, { seq }] of rows.entries())
    if (seq !== index + 1) wrong.push(`${seq} stands in place ${index + 1}`);
  let repeated = 0;
  for (const [id, { messages, numbers, statuses }] of told) {
    const row = committed.get(id);
    const same =
      messages.size === 1 && numbers.size === 1 && messages.has(row?.message ?? "") && numbers.has(row?.seq ?? 0);
    if (!same)
      wrong.push(`${id}: told ${[...messages].join()} ${[...numbers].join()}, there is ${JSON.stringify(row)}`);
    if ((statuses.get(201) ?? 0) > 1) wrong.push(`${id}: accepted more than once`);
    repeated += statuses.get(200) ?? 0;
  }
  for (const id of committed.keys()) if (!told.has(id)) wrong.push(`${id}: nobody was told of it`);
  const key = loadDeploymentKey(join(deploymentDir, "deployment_key.json"), { isFirstStart: false, now: 0 });
  const store = createPostgresStore({
    url: direct,
    clock: systemClock,
    log: silentLog,
    positionSecret: key.positionSecret,
    deployment: key,
    instanceId: newUuidV7(Date.now()),
    dedupe: { mode: "retention_scoped", retentionDays: 365 },
  });
  await store.start();
  for (let after: number | null = 0; after !== null; ) {
    const { findings, next } = await store.checkConsistency(meshId, after, 5_000);
    wrong.push(...findings.map((finding) => JSON.stringify(finding)));
    after = next;
  }
  const { epoch } = await store.log(meshId);
  if (epoch !== 1) wrong.push(`nothing was lost, and epoch ${epoch} is open`);
  await store.stop();
  const deadlocks = brokers.filter(({ dataDir }) =>
    readFileSync(join(dataDir, "broker.log"), "utf8").includes("40P01"),
  );
  if (deadlocks.length > 0) wrong.push("a broker met a deadlock");
  process.stdout.write(
    `\n${Object.entries(counts)
      .map(([what, count]) => `${what} ${count}`)
      .join(" · ")}\n` +
      `ids ${told.size} · rows ${rows.length} · answered again ${repeated} · wrong ${wrong.length}\n` +
      wrong
        .slice(0, 20)
        .map((line) => `${line}\n`)
        .join(""),
  );
  return wrong.length === 0 && told.size > 0 ? 0 : 1;
}
