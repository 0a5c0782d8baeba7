/**
 * The broker at scale and its rivals in one run on one machine: `npm run bench:scale`;
 * `npm run bench:scale -- --quick` takes little more than a minute, for a look. Figures are medians of three runs (one when quick), ours and
 * the rivals' in turn, so that a slow minute of the machine is everyone's.
 */
import { loadavg } from "node:os";
import { type AcceptFigures, measureAccept } from "./accept.ts";
import { fsyncP50Ms, machine } from "./ceilings.ts";
import { type LoadFigures, median, printTable } from "./figures.ts";
import { measureFreeRetries } from "./free-retries.ts";
import { measureIdleLinks } from "./idle-links.ts";
import { measureLookUps } from "./look-up.ts";
import { type Postgres, postgresSettings, startPostgres } from "./postgres.ts";
import { findNatsServer, measureNats, type NatsServer } from "./rivals/nats.ts";
import { measureRedisStreams, redisVersion } from "./rivals/redis-streams.ts";
import { measureCopy, measureStoreAccept } from "./store-accept.ts";
import { measureSubscribers } from "./subscribers.ts";

const quick = process.argv.includes("--quick");
const runs = quick ? 1 : 3;
const load = { links: 8, inFlight: 512, frame: 16, ids: "uuidv7" } as const;
const rows: string[][] = [];
const note = (text: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
const grouped = (count: number): string => Math.round(count).toLocaleString("en");
const meshes = (count: number): string => (count === 1 ? "one mesh" : `${count} meshes`);
const inStreams = (count: number): string => (count === 1 ? "one stream" : `${count} streams`);

/** Medians of every figure of the runs. */
function middle<F extends LoadFigures>(figures: readonly F[]): LoadFigures {
  return {
    perSecond: median(figures.map((one) => one.perSecond)),
    p50Ms: median(figures.map((one) => one.p50Ms)),
    p99Ms: median(figures.map((one) => one.p99Ms)),
  };
}

function shown({ perSecond, p50Ms, p99Ms }: LoadFigures): string {
  return `${grouped(perSecond)} /s, p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms`;
}

async function acceptOnce(postgres: Postgres, kind: "postgres" | "naive", count: number, meshCount: number) {
  const database = await postgres.createDatabase("bench");
  return measureAccept({ ...load, kind, database, count, meshes: meshCount, profile: null });
}

async function wholePath(postgres: Postgres): Promise<void> {
  for (const meshCount of [1, 8]) {
    const own: AcceptFigures[] = [];
    const naive: AcceptFigures[] = [];
    for (let run = 0; run < runs; run += 1) {
      note(`whole accept path, ${meshes(meshCount)}, ours and the naive broker`);
      own.push(await acceptOnce(postgres, "postgres", quick ? 40_000 : 120_000, meshCount));
      naive.push(await acceptOnce(postgres, "naive", (quick ? 3_000 : 10_000) * (meshCount === 1 ? 1 : 2), meshCount));
    }
    const [ours, theirs] = [middle(own), middle(naive)];
    rows.push([
      `whole accept path, 512 in flight over 8 links, ${meshes(meshCount)}`,
      shown(ours),
      `≥ ${meshCount === 1 ? "15,000" : "20,000"} /s, p99 ≤ 100 ms, ≥ 8 × naive`,
      `naive broker ${shown(theirs)}: ours ${(ours.perSecond / theirs.perSecond).toFixed(1)} ×`,
    ]);
    const cpu = (of: readonly AcceptFigures[], part: keyof AcceptFigures["cpuUs"]): string =>
      median(of.map(({ cpuUs }) => cpuUs[part])).toFixed(0);
    rows.push([
      "processor time of that, µs a message: broker + database + load",
      `${cpu(own, "broker")} + ${cpu(own, "database")} + ${cpu(own, "load")}`,
      "reported",
      `${cpu(naive, "broker")} + ${cpu(naive, "database")} + ${cpu(naive, "load")}`,
    ]);
    const others = median([...own, ...naive].map(({ othersShare }) => othersShare));
    rows.push(["other programs' share of the machine meanwhile", `${(others * 100).toFixed(0)} %`, "0 %", ""]);
  }
}

async function storeAlone(postgres: Postgres): Promise<void> {
  for (const [meshCount, connections] of [
    [1, 1],
    [8, 4],
  ] as const) {
    const own: LoadFigures[] = [];
    const copies = { batches: [] as number[], whole: [] as number[] };
    for (let run = 0; run < runs; run += 1) {
      note(`store alone, ${meshes(meshCount)}, and COPY of the same rows`);
      const database = await postgres.createDatabase("bench");
      const count = quick ? 32_768 : 131_072;
      own.push(await measureStoreAccept(database.url, { count, batch: 256, meshes: meshCount, connections }));
      copies.batches.push(await measureCopy(database, 256));
      copies.whole.push(await measureCopy(database, "all"));
    }
    const ours = middle(own);
    rows.push([
      `store alone, batches of 256, ${meshes(meshCount)} over ${connections} connection${connections === 1 ? "" : "s"}`,
      shown(ours),
      `≥ ${meshCount === 1 ? "20,000" : "35,000"} /s, ≥ 0.7 × COPY`,
      `COPY of its rows: ${grouped(median(copies.batches))} /s in such batches, ${grouped(median(copies.whole))} /s at once`,
    ]);
  }
}

async function brokersOfOthers(nats: NatsServer, redis: string): Promise<void> {
  const syncs = nats.syncsAlways ? (["always", "default"] as const) : (["default"] as const);
  for (const streams of [1, 8]) {
    for (const sync of syncs) {
      const figures: LoadFigures[] = [];
      for (let run = 0; run < runs; run += 1) {
        note(`JetStream, sync ${sync}, ${inStreams(streams)}`);
        const count = (quick ? 10_000 : 30_000) * (sync === "always" ? 1 : 4);
        figures.push(await measureNats(nats, { count, inFlight: 512, connections: 8, streams, sync }));
      }
      rows.push([
        `rival: JetStream ${nats.version}, file, Nats-Msg-Id, sync ${sync}, ${inStreams(streams)}`,
        shown(middle(figures)),
        "",
        sync === "always" ? "" : "syncs every two minutes: a power cut loses what was acknowledged",
      ]);
    }
    const figures: LoadFigures[] = [];
    for (let run = 0; run < runs; run += 1) {
      note(`Redis Streams, ${inStreams(streams)}`);
      const count = quick ? 40_000 : 120_000;
      figures.push(await measureRedisStreams({ count, inFlight: 512, connections: 8, streams }));
    }
    rows.push([
      `rival: Redis ${redis} Streams, SET NX + XADD in Lua, fsync always, ${inStreams(streams)}`,
      shown(middle(figures)),
      "",
      "keeps all of it in memory",
    ]);
  }
}

async function subscribers(postgres: Postgres): Promise<void> {
  const one: LoadFigures[] = [];
  const many: LoadFigures[] = [];
  const shape = { ...load, count: quick ? 20_000 : 60_000 };
  for (let run = 0; run < runs; run += 1) {
    note("a topic with one subscriber and with a thousand");
    one.push(await measureSubscribers((await postgres.createDatabase("bench")).url, 1, shape));
    many.push(await measureSubscribers((await postgres.createDatabase("bench")).url, 1_000, shape));
  }
  const ratio = middle(many).perSecond / middle(one).perSecond;
  rows.push([
    "accepts to a topic with 1,000 subscribers",
    `${ratio.toFixed(2)} × of one: ${grouped(middle(many).perSecond)} /s of ${grouped(middle(one).perSecond)} /s`,
    "≥ 0.8 ×",
    "",
  ]);
}

async function lookUps(postgres: Postgres): Promise<void> {
  note("look-ups over millions of records");
  const records = [10_000, quick ? 500_000 : 5_000_000];
  const [few, many] = await measureLookUps(postgres, {
    records,
    lookUps: quick ? 2_000 : 8_000,
    batch: 16,
    rounds: runs,
  });
  if (few === undefined || many === undefined) throw new Error("no figures");
  rows.push([
    `B0 look-up of 16 ids among ${grouped(many.records)} records, p99`,
    `${many.p99Ms.toFixed(2)} ms = ${(many.p99Ms / few.p99Ms).toFixed(2)} × of ${grouped(few.records)} (p50 ${many.p50Ms.toFixed(2)} and ${few.p50Ms.toFixed(2)} ms)`,
    "≤ 2 ×",
    `${(many.bytes / 1e6).toFixed(0)} MB of records with indexes`,
  ]);
}

async function idleLinks(postgres: Postgres): Promise<void> {
  const links = quick ? 500 : 2_000;
  note(`${links} idle links`);
  const options = { links, restMs: quick ? 2_000 : 60_000 };
  const figures = await measureIdleLinks((await postgres.createDatabase("bench")).url, options);
  rows.push([
    `${grouped(links)} idle daemons in one mesh, broker resident`,
    `${figures.restedMb.toFixed(0)} MB (most ever ${figures.mostMb.toFixed(0)}, without links ${figures.emptyMb.toFixed(0)})`,
    "≤ 300 MB",
    `${figures.openingsPerSecond.toFixed(0)} openings/s`,
  ]);
}

async function freeRetries(postgres: Postgres): Promise<void> {
  const retries = quick ? 20_000 : 100_000;
  note(`${retries} retries of committed ids over the limit`);
  const figures = await measureFreeRetries((await postgres.createDatabase("bench")).url, retries);
  rows.push([
    `${grouped(retries)} retries of committed ids over the limit`,
    `${grouped(figures.answered)} answered 200 at ${grouped(figures.perSecond)} /s, ${figures.budgetSpent} messages of budget taken`,
    "all 200, budget untouched",
    "",
  ]);
}

const loadBefore = loadavg()[0] ?? 0;
// What is not installed is said before anything is measured.
const nats = findNatsServer();
const redis = redisVersion();
const postgres = await startPostgres();
try {
  await wholePath(postgres);
  await storeAlone(postgres);
  await brokersOfOthers(nats, redis);
  await subscribers(postgres);
  await lookUps(postgres);
  await idleLinks(postgres);
  await freeRetries(postgres);
} finally {
  await postgres.stop();
}

const settings = Object.entries(postgresSettings).map(([name, value]) => `${name} = ${value}`);
process.stdout.write(
  [
    `${machine()}, ${new Date().toISOString().slice(0, 10)}, load average ${loadBefore.toFixed(1)} before, fsync of 4 KiB ${fsyncP50Ms().toFixed(3)} ms (p50)`,
    `PostgreSQL ${postgres.version}: ${settings.join(", ")}`,
    `Bodies of 300 bytes; ids from UUIDv7; rate limits raised; ${runs === 1 ? "one run" : `medians of ${runs} runs`}; every server, broker and load generator on this machine.`,
    "Latencies of the whole path are of a frame of 16 messages, of the store alone of a batch, of the rivals of one message.",
    "",
    "",
  ].join("\n"),
);
printTable(["figure", "measured", "target", "rival, remark"], rows);
