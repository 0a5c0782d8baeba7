/**
 * Retries of committed ids while the mesh is over its limit: every one must be answered 200, and none may cost budget.
 * A bucket that refills a message in a hundred seconds is emptied; a new id is refused with its retry_after. After all
 * retries another new id is refused too, and its retry_after, less the time that went by, shows what they cost.
 * `node bench/free-retries.ts [--store sqlite|postgres] [--retries 100000]`
 */
import { parseArgs } from "node:util";
import { connectPeer, envelopeOf, type Identity, newIdentity } from "../src/broker/testing/peer.ts";
import { type BrokerProcess, startBrokerProcess } from "./broker-process.ts";
import { machine } from "./ceilings.ts";
import { isMain, printTable } from "./figures.ts";
import { addMember, closeAll, createMesh, driveAll, type LoadShape, openSenders, type Sender } from "./link-load.ts";
import { startPostgres } from "./postgres.ts";

export interface FreeRetriesFigures {
  readonly answered: number;
  readonly perSecond: number;
  readonly p99Ms: number;
  /** Messages' worth of budget that the retries took. */
  readonly budgetSpent: number;
}

const refillMs = 100_000;
const committedIds = 10_000;

export async function measureFreeRetries(databaseUrl: string | null, retries: number): Promise<FreeRetriesFigures> {
  const rate = 1_000 / refillMs;
  const limits = { memberRate: 1_000_000, memberBurst: 1_000_000, meshRate: rate, meshBurst: committedIds };
  const broker = await startBrokerProcess({ kind: databaseUrl === null ? "sqlite" : "postgres", databaseUrl, limits });
  try {
    const meshId = await createMesh(broker, "bench");
    const shape: LoadShape = { count: committedIds, links: 8, inFlight: 512, frame: 10, ids: "uuidv7" };
    const senders = await openSenders(broker, [meshId], shape);
    const { answered: committed } = await driveAll(senders, shape);
    const prober = await addMember(broker, meshId, "prober");
    for (let spare = committed; spare < committedIds; spare += 1) await probe(broker, meshId, prober);
    const before = await overLimit(broker, meshId, prober);
    const beforeAt = performance.now();
    const again: Sender[] = senders.map(({ peer, frames }) => ({
      peer,
      frames: Array.from(
        { length: Math.ceil(retries / committedIds) * frames.length },
        // The id of a frame is the place that its answer is timed by.
        (_, place) => (frames[place % frames.length] ?? "").replace(/"id":\d+/, `"id":${place + 1}`),
      ),
    }));
    const { answered, perSecond, p99Ms } = await driveAll(again, shape, 200);
    const after = await overLimit(broker, meshId, prober);
    // Answers name whole milliseconds, so what is far below one message is the clocks'.
    const budgetSpent = Math.round(((after + (performance.now() - beforeAt) - before) / refillMs) * 100) / 100 + 0;
    await closeAll(senders);
    return { answered, perSecond, p99Ms, budgetSpent };
  } finally {
    await broker.stop();
  }
}

/** Sends one new message by a link of its own; its answer. */
async function probe(
  broker: BrokerProcess,
  meshId: string,
  identity: Identity,
): Promise<{ status: number; retry_after_ms?: number }> {
  const peer = await connectPeer({ url: broker.url, meshId, identity });
  const [answer] = await peer.sendItems([envelopeOf(meshId, identity, "#all", newIdentity().memberId)]);
  await peer.close();
  if (answer === undefined) throw new Error("no answer");
  return answer;
}

/** The retry_after of a new message, which must be refused. */
async function overLimit(broker: BrokerProcess, meshId: string, identity: Identity): Promise<number> {
  const answer = await probe(broker, meshId, identity);
  if (answer.status !== 429 || answer.retry_after_ms === undefined)
    throw new Error(`the mesh is not over its limit: ${JSON.stringify(answer)}`);
  return answer.retry_after_ms;
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: { store: { type: "string", default: "postgres" }, retries: { type: "string", default: "100000" } },
  });
  const server = values.store === "postgres" ? await startPostgres() : null;
  try {
    process.stdout.write(`${machine()}, ${values.store}\n`);
    const databaseUrl = server === null ? null : (await server.createDatabase("bench")).url;
    const figures = await measureFreeRetries(databaseUrl, Number(values.retries));
    printTable(
      ["retries over the limit", "figure"],
      [
        ["answered 200", figures.answered.toLocaleString("en")],
        ["answers", `${Math.round(figures.perSecond).toLocaleString("en")} /s, p99 ${figures.p99Ms.toFixed(1)} ms`],
        ["budget taken", `${figures.budgetSpent} messages`],
      ],
    );
  } finally {
    await server?.stop();
  }
}
