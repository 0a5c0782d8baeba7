import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createSecretKey, randomUUID } from "node:crypto";
import { systemClock } from "../../base/clock.ts";
import { type Log, silentLog } from "../../base/log.ts";
import type { Position } from "../../protocol/frames.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import { type Broker, type BrokerOptions, createBroker } from "../broker.ts";
import { loadDeploymentKey } from "../deployment-key.ts";
import { issuePosition } from "../store/position-mac.ts";
import { createPostgresStore } from "../store/postgres/postgres-store.ts";
import type { BrokerStore } from "../store/store.ts";
import { call } from "./fixture.ts";
import { connectPeer, type Identity, newIdentity, type Peer, type PeerOptions } from "./peer.ts";
import { onServer } from "./postgres-server.ts";

/** Two brokers of one deployment over one database, and a third store beside them. Everything ends with the test. */
export interface TwoBrokers {
  readonly brokers: readonly Broker[];
  /** Of the same deployment, as a third broker has it. */
  readonly store: BrokerStore;
  readonly logged: { level: string; fields: Record<string, unknown>; message: string }[];
  mesh(slug: string): Promise<string>;
  member(meshId: string, name: string): Promise<Identity>;
  /** At the first broker or the second. */
  connect(at: number, meshId: string, identity: Identity, options?: Partial<PeerOptions>): Promise<Peer>;
  /** One statement on a connection of its own to the database itself. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** As one of these brokers would have given it. */
  position(meshId: string, place: Omit<Position, "mac">): Position;
  /** Sum over both of the samples of /metrics that begin with `name`. */
  metric(name: string): Promise<number>;
  /** Ends the brokers and the store: what their connections counted is with the server then. */
  stop(): Promise<void>;
}

/** `direct`: where the database itself is, when the brokers reach it by another address. */
export async function twoBrokers(
  t: Pick<TestContext, "after">,
  databaseUrl: string,
  options: Partial<BrokerOptions> & { readonly direct?: string } = {},
): Promise<TwoBrokers> {
  const { direct = databaseUrl, ...brokerOptions } = options;
  const folder = mkdtempSync(join(tmpdir(), "cm-two-"));
  const logged: TwoBrokers["logged"] = [];
  const entry = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void logged.push({ level, fields, message });
  const log: Log = { debug: entry("debug"), info: entry("info"), warn: entry("warn"), error: entry("error") };
  const brokers: Broker[] = [];
  const peers: Peer[] = [];
  const ends: (() => Promise<void>)[] = [];
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      for (const peer of peers) await peer.close();
      for (const end of ends.toReversed()) await end();
    })();
    return stopped;
  };
  t.after(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const name of ["one", "two"]) {
    const dataDir = join(folder, name);
    mkdirSync(dataDir);
    if (name === "two") copyFileSync(keyPath(join(folder, "one")), keyPath(dataDir));
    const broker = createBroker({
      dataDir,
      listen: { host: "127.0.0.1", port: 0 },
      clock: systemClock,
      log,
      databaseUrl,
      ...brokerOptions,
    });
    await broker.start();
    ends.push(() => broker.stop());
    brokers.push(broker);
  }
  const key = loadDeploymentKey(keyPath(join(folder, "one")), { isFirstStart: false, now: 0 });
  const store = createPostgresStore({
    url: direct,
    clock: systemClock,
    log: silentLog,
    positionSecret: key.positionSecret,
    deployment: key,
    instanceId: randomUUID(),
    dedupe: { mode: "retention_scoped", retentionDays: 365 },
  });
  await store.start();
  ends.push(() => store.stop());

  return {
    brokers,
    store,
    logged,
    async mesh(slug) {
      return (await store.createMesh({ mesh_id: newUuidV7(systemClock.now()), slug, now: systemClock.now() })).mesh_id;
    },
    async member(meshId, name) {
      const identity = newIdentity();
      const now = systemClock.now();
      await store.addMember({ mesh_id: meshId, member_id: identity.memberId, name, role: "member", now });
      return identity;
    },
    async connect(at, meshId, identity, more = {}) {
      const peer = await connectPeer({ url: brokers[at]?.url ?? "", meshId, identity, ...more });
      peers.push(peer);
      return peer;
    },
    sql: (text, values = []) =>
      onServer(direct, async (client) => (await client.query<Record<string, unknown>>(text, values)).rows),
    position: (meshId, place) => issuePosition(createSecretKey(key.positionSecret), meshId, place),
    async metric(name) {
      let sum = 0;
      for (const { url } of brokers) {
        const { hostname, port } = new URL(url);
        const { text } = await call({ host: hostname, port: Number(port) }, "GET", "/metrics");
        for (const line of text.split("\n"))
          if (line.startsWith(name)) sum += Number(line.slice(line.lastIndexOf(" ") + 1));
      }
      return sum;
    },
    stop,
  };
}

const keyPath = (dataDir: string): string => join(dataDir, "deployment_key.json");

/** Every id of the mesh has its record, its message and its number once, and the log has no hole. Returns the log's end. */
export async function soundLog({ store }: Pick<TwoBrokers, "store">, meshId: string): Promise<number> {
  for (let after: number | null = 0; after !== null; ) {
    const { findings, next } = await store.checkConsistency(meshId, after, 5_000);
    if (findings.length > 0) throw new Error(JSON.stringify(findings.slice(0, 10)));
    after = next;
  }
  return (await store.log(meshId)).head;
}
