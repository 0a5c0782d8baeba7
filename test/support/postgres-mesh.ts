import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Log, silentLog } from "../../src/base/log.ts";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { redisServer } from "../../src/broker/testing/redis-server.ts";
import { type PostgresRelay, postgresRelay } from "../../src/broker/testing/postgres-relay.ts";
import { onServer, type PostgresServer, startPostgres } from "../../src/broker/testing/postgres-server.ts";
import { broker, type TestBroker } from "./broker.ts";
import { daemon, type TestDaemon } from "./daemon.ts";
import { linked } from "./mesh.ts";
import { onEnd } from "./on-end.ts";
import { tempFolder } from "./temp-folder.ts";

/** Daemons at two brokers in one mesh, over one PostgreSQL that can be exchanged behind them, and one Redis. */
export interface PostgresMesh<Name extends string> {
  readonly postgres: PostgresServer;
  /** Between the brokers and the database. */
  readonly relay: PostgresRelay;
  readonly brokers: TestBroker[];
  readonly daemons: Record<Name, TestDaemon>;
  /** What the brokers said at level error. */
  readonly alarms: string[];
  /** To the database that the brokers reach now. */
  sql(text: string): Promise<Record<string, unknown>[]>;
}

/** The members join in turn at one broker and the other. Resolves when every daemon has its link. */
export async function postgresMesh<const Name extends string>(
  t: TestContext,
  names: readonly Name[],
): Promise<PostgresMesh<Name>> {
  const folder = tempFolder(t);
  const postgres = await startPostgres();
  onEnd(t, () => postgres.remove());
  // Ended behind the brokers and before the server.
  const ends = { after: (end: () => Promise<void>) => onEnd(t, end) } as unknown as TestContext;
  const relay = await postgresRelay(ends, postgres.port);
  const redis = await redisServer(ends);
  const databaseUrl = relay.url(await postgres.createDatabase());
  const alarms: string[] = [];
  const log: Log = { ...silentLog, error: (_fields, message) => void alarms.push(message) };
  const brokers: TestBroker[] = [];
  for (const name of ["one", "two"]) {
    const dataDir = join(folder, `broker-${name}`);
    mkdirSync(dataDir, { mode: 0o700 });
    const [first] = brokers;
    if (first !== undefined)
      copyFileSync(join(first.dataDir, "deployment_key.json"), join(dataDir, "deployment_key.json"));
    const limits = { sweepMs: 500 };
    brokers.push(await broker(t, { dataDir, databaseUrl, redisUrl: redis.url, limits, log }));
  }
  const daemons = {} as Record<Name, TestDaemon>;
  for (const [index, name] of names.entries()) {
    const dir = join(folder, name);
    mkdirSync(dir, { mode: 0o700 });
    await joinBroker({ dir, dataDir: brokers[index % 2]?.dataDir ?? "", name, role: "member" });
    if (index === 0) shareFounders(brokers.map(({ dataDir }) => dataDir));
    daemons[name] = await daemon(t, { dir });
    await linked(daemons[name]);
  }
  return { postgres, relay, brokers, daemons, alarms, sql: (text) => rows(databaseUrl, text) };
}

/** Brokers of one deployment on one machine: the first one knows who founded its meshes, and the others are told. */
export function shareFounders([first = "", ...others]: readonly string[]): void {
  for (const dataDir of others) copyFileSync(join(first, "founders.json"), join(dataDir, "founders.json"));
}

const rows = (url: string, text: string): Promise<Record<string, unknown>[]> =>
  onServer(url, async (client) => (await client.query<Record<string, unknown>>(text)).rows);

/** Resolves when `holds` does: looked at whenever one of the daemons tells of anything. */
export async function until(daemons: readonly TestDaemon[], holds: () => Promise<boolean>): Promise<void> {
  const found = new AbortController();
  let looking: Promise<void> | null = null;
  let again = false;
  const look = (): void => {
    again = true;
    looking ??= (async () => {
      while (again && !found.signal.aborted) {
        again = false;
        if (await holds()) found.abort();
      }
      looking = null;
    })();
  };
  await Promise.all(
    daemons.map(async ({ client }) => {
      for await (const _ of client.events({ after: 0, signal: found.signal, onOpen: look })) look();
    }),
  );
  await looking;
}
