/**
 * The whole accept path over WebSockets: links authenticated, frames parsed, fingerprints recomputed, a commit with
 * fsync, the acknowledgement back. One broker process, its store, and this process as the senders, on one machine.
 * Rate limits are raised far above the measurement, since they would be what is measured. Bodies of 300 bytes.
 * `node bench/accept.ts [--store sqlite|postgres|naive] [--meshes 1] [--count 100000] [--links 8] [--in-flight 512]
 * [--frame 16] [--profile DIR]`
 */
import { parseArgs } from "node:util";
import { type BrokerKind, startBrokerProcess } from "./broker-process.ts";
import { machine } from "./ceilings.ts";
import { startCpuMeter } from "./cpu-time.ts";
import { isMain, type LoadFigures, printTable } from "./figures.ts";
import { closeAll, createMesh, driveAll, type LoadShape, openSenders } from "./link-load.ts";
import { type Postgres, startPostgres } from "./postgres.ts";

export interface AcceptOptions extends LoadShape {
  readonly kind: BrokerKind;
  /** An empty database; null for the embedded store. */
  readonly database: Pick<Postgres, "url" | "pid"> | null;
  readonly meshes: number;
  readonly profile: string | null;
}

export interface AcceptFigures extends LoadFigures {
  /** Microseconds of processor time a message. */
  readonly cpuUs: { readonly broker: number; readonly database: number; readonly load: number };
  /** Of the machine, by whatever else ran on it. */
  readonly othersShare: number;
}

/** Sends prepared envelopes with a fixed number in flight and waits for every 201. */
export async function measureAccept(options: AcceptOptions): Promise<AcceptFigures> {
  const broker = await startBrokerProcess({ ...options, databaseUrl: options.database?.url ?? null });
  try {
    const meshIds: string[] = [];
    for (let mesh = 0; mesh < options.meshes; mesh += 1) meshIds.push(await createMesh(broker, `bench-${mesh}`));
    const senders = await openSenders(broker, meshIds, options);
    const meter = startCpuMeter([broker.pid, options.database?.pid ?? 0, process.pid]);
    const { answered, ...figures } = await driveAll(senders, options);
    const othersShare = meter.othersShare();
    const [brokerUs = 0, database = 0, load = 0] = meter.used().map((seconds) => (seconds * 1e6) / answered);
    await closeAll(senders);
    return { ...figures, othersShare, cpuUs: { broker: brokerUs, database, load } };
  } finally {
    await broker.stop();
  }
}

const kinds: readonly BrokerKind[] = ["sqlite", "postgres", "naive"];

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      store: { type: "string", default: "sqlite" },
      meshes: { type: "string", default: "1" },
      count: { type: "string", default: "100000" },
      links: { type: "string", default: "8" },
      "in-flight": { type: "string", default: "512" },
      frame: { type: "string", default: "16" },
      profile: { type: "string" },
    },
  });
  const kind = kinds.find((one) => one === values.store);
  if (kind === undefined) throw new Error(`--store is one of ${kinds.join(", ")}`);
  const server: Postgres | null = kind === "sqlite" ? null : await startPostgres();
  try {
    const shape = {
      kind,
      meshes: Number(values.meshes),
      count: Number(values.count),
      links: Number(values.links),
      inFlight: Number(values["in-flight"]),
      frame: Number(values.frame),
      profile: values.profile ?? null,
    };
    process.stdout.write(
      `${machine()}\n${shape.inFlight} in flight over ${shape.links} links and ${shape.meshes} meshes, ${shape.frame} a frame, rate limits raised\n`,
    );
    const rows: string[][] = [];
    for (const ids of ["uuidv7", "random"] as const) {
      const database = (await server?.createDatabase("bench")) ?? null;
      const { perSecond, p50Ms, p99Ms, cpuUs, othersShare } = await measureAccept({ ...shape, ids, database });
      rows.push([
        `${kind}, ${ids} ids`,
        Math.round(perSecond).toLocaleString("en"),
        p50Ms.toFixed(1),
        p99Ms.toFixed(1),
        [cpuUs.broker, cpuUs.database, cpuUs.load].map(Math.round).join(" + "),
        `${Math.round(othersShare * 100)} %`,
      ]);
    }
    printTable(["accept", "messages/s", "p50 ms", "p99 ms", "CPU µs: broker + database + load", "others"], rows);
  } finally {
    await server?.stop();
  }
}
