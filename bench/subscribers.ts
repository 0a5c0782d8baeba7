/**
 * What a topic's subscribers cost the accept path: the same load of topic messages with a thousand members subscribed
 * and with one beside the senders. They are away, so that accepting is what is measured and not pushing: each of them
 * will read by its cursor. The topic is `#all`, which every member of a mesh is subscribed to.
 * `node bench/subscribers.ts [--store sqlite|postgres] [--count 50000]`
 */
import { parseArgs } from "node:util";
import { startBrokerProcess } from "./broker-process.ts";
import { machine } from "./ceilings.ts";
import { isMain, type LoadFigures, printTable } from "./figures.ts";
import { addMember, closeAll, createMesh, driveAll, type LoadShape, openSenders } from "./link-load.ts";
import { startPostgres } from "./postgres.ts";

export async function measureSubscribers(
  databaseUrl: string | null,
  subscribers: number,
  shape: LoadShape,
): Promise<LoadFigures> {
  const broker = await startBrokerProcess({ kind: databaseUrl === null ? "sqlite" : "postgres", databaseUrl });
  try {
    const meshId = await createMesh(broker, "bench");
    for (let member = 0; member < subscribers; member += 1) await addMember(broker, meshId, `away-${member}`);
    const senders = await openSenders(broker, [meshId], shape, "#all");
    // What the senders themselves are pushed stays unread at their end of the window: none of them acknowledges.
    const figures = await driveAll(senders, shape);
    await closeAll(senders);
    return figures;
  } finally {
    await broker.stop();
  }
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: { store: { type: "string", default: "postgres" }, count: { type: "string", default: "50000" } },
  });
  const server = values.store === "postgres" ? await startPostgres() : null;
  try {
    process.stdout.write(`${machine()}, ${values.store}\n`);
    const shape = { count: Number(values.count), links: 8, inFlight: 512, frame: 16, ids: "uuidv7" } as const;
    const rows: string[][] = [];
    for (const subscribers of [1, 1_000]) {
      const databaseUrl = server === null ? null : (await server.createDatabase("bench")).url;
      const { perSecond, p50Ms, p99Ms } = await measureSubscribers(databaseUrl, subscribers, shape);
      rows.push([`${subscribers}`, Math.round(perSecond).toLocaleString("en"), p50Ms.toFixed(1), p99Ms.toFixed(1)]);
    }
    printTable(["subscribers", "messages/s", "p50 ms", "p99 ms"], rows);
  } finally {
    await server?.stop();
  }
}
