import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Redis } from "ioredis";
import type { Log } from "../../base/log.ts";
import { createManualClock, type ManualClock } from "../../base/manual-clock.fixture.ts";
import type { BrokerOptions } from "../broker.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import { brokerFixture, type Fixture } from "./fixture.ts";
import { type RedisServer, redisServer } from "./redis-server.ts";

/** Brokers over one database and one Redis, in this process, each with a clock of its own. */
export interface FleetFixture {
  readonly brokers: readonly Fixture[];
  readonly clocks: readonly ManualClock[];
  readonly redis: RedisServer;
  readonly meshId: string;
  /** The deployment's shared folder, which holds its key. */
  readonly deploymentDir: string;
  /** Time for a sweep passes at all brokers, or at these. */
  sweep(at?: readonly number[]): void;
  /** Resolves when so many brokers listen to the bus, and so many can speak. */
  hearing(count: number): Promise<void>;
  /** Resolves with the first entry of any broker's log, past or future, whose message matches. */
  logged(message: RegExp): Promise<Readonly<Record<string, unknown>>>;
  /** Entries of the brokers' logs so far whose message matches. */
  entries(message: RegExp): readonly Readonly<Record<string, unknown>>[];
}

export async function fleetFixture(
  t: TestContext,
  databaseUrl: string,
  count: number,
  options: Partial<BrokerOptions> = {},
): Promise<FleetFixture> {
  const deploymentDir = mkdtempSync(join(tmpdir(), "cm-deployment-"));
  const redis = await redisServer(t);
  const entries: { message: string; fields: Record<string, unknown> }[] = [];
  const more = new EventEmitter().setMaxListeners(0);
  const entry = (fields: Record<string, unknown>, message: string): void => {
    entries.push({ message, fields });
    more.emit("entry");
  };
  const log: Log = { debug: entry, info: entry, warn: entry, error: entry };
  const clocks: ManualClock[] = [];
  const brokers: Fixture[] = [];
  for (let n = 0; n < count; n += 1) {
    const clock = createManualClock();
    clocks.push(clock);
    const place = { databaseUrl, redisUrl: redis.url, deploymentDir };
    brokers.push(await brokerFixture(t, { ...place, clock, log, ...options }));
  }
  t.after(() => rmSync(deploymentDir, { recursive: true, force: true }));
  const found = (message: RegExp) => entries.filter((one) => message.test(one.message)).map(({ fields }) => fields);
  const fleet: FleetFixture = {
    brokers,
    clocks,
    redis,
    deploymentDir,
    meshId: brokers[0]?.meshId ?? "",
    sweep(at) {
      for (const [n, clock] of clocks.entries())
        if (at === undefined || at.includes(n)) clock.advance(defaultBrokerLimits.sweepMs);
    },
    async hearing(wanted) {
      const client = new Redis(redis.port, "127.0.0.1");
      client.on("error", () => undefined);
      try {
        for (let ready = false; !ready; ) {
          const [channel = ""] = (await client.pubsub("CHANNELS", "claudemesh:*")) as string[];
          const heard = channel === "" ? 0 : Number(((await client.pubsub("NUMSUB", channel)) as unknown[])[1]);
          const told = String(await client.client("LIST")).split("name=claudemesh-wake-ups").length - 1;
          ready = heard === wanted && told === wanted;
        }
      } finally {
        client.disconnect();
      }
    },
    logged: (message) =>
      new Promise((resolve) => {
        const look = (): void => {
          const [first] = found(message);
          if (first === undefined) return;
          more.off("entry", look);
          resolve(first);
        };
        more.on("entry", look);
        look();
      }),
    entries: found,
  };
  await fleet.hearing(count);
  return fleet;
}

/** A broker of a fleet by its place. */
export function at(fleet: Pick<FleetFixture, "brokers">, place: number): Fixture {
  const found = fleet.brokers[place];
  if (found === undefined) throw new Error(`there are ${fleet.brokers.length} brokers`);
  return found;
}
