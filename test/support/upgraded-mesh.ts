import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import { joinBroker } from "../../src/bin/join-broker.ts";
import type { Client } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import { readMeshFile, writeMeshFile } from "../../src/daemon/identity/mesh-file.ts";
import { type FaultProxy, faultProxy } from "./fault-proxy.ts";
import { onEnd } from "./on-end.ts";
import { type BrokerProcess, brokerProcess, type DaemonProcess, daemonProcess } from "./program-process.ts";
import { tempFolder } from "./temp-folder.ts";

/** A daemon as a process that may be killed and started again, also of another copy of the program. */
export interface UpgradedDaemon {
  readonly dir: string;
  readonly proxy: FaultProxy;
  /** Of the process that runs now. */
  readonly client: Client;
  readonly process: DaemonProcess;
  kill(): Promise<void>;
  start(root?: string): Promise<void>;
}

/** A broker and two daemons, each a process, whose links survive that the broker is started again elsewhere. */
export interface UpgradedMesh {
  readonly alice: UpgradedDaemon;
  readonly bob: UpgradedDaemon;
  readonly broker: BrokerProcess;
  killBroker(): Promise<void>;
  /** Starts it with this list of fingerprint versions to offer; null: it has no such setting. `root`: of another copy of the program. */
  startBroker(versions: readonly string[] | null, root?: string): Promise<void>;
  /** Versions of the dedupe records that the broker has, oldest first. */
  recordVersions(): readonly number[];
}

export async function upgradedMesh(
  t: TestContext,
  versions: readonly string[] | null,
  root?: string,
): Promise<UpgradedMesh> {
  const folder = tempFolder(t);
  const dataDir = join(folder, "broker");
  mkdirSync(dataDir, { mode: 0o700 });
  let broker: BrokerProcess | null = null;
  const running = (): BrokerProcess => {
    if (broker === null) throw new Error("the broker does not run");
    return broker;
  };
  const proxies = {
    alice: await faultProxy(t, () => ({ host: "127.0.0.1", port: running().open.port })),
    bob: await faultProxy(t, () => ({ host: "127.0.0.1", port: running().open.port })),
  };
  const startBroker: UpgradedMesh["startBroker"] = async (offered, from) => {
    const authorities = Object.values(proxies).map(({ authority }) => authority);
    const features = offered === null ? "" : `[features]\nfingerprint_versions = ${JSON.stringify(offered)}\n`;
    writeFileSync(join(dataDir, "config.toml"), `[listen]\nauthorities = ${JSON.stringify(authorities)}\n${features}`);
    broker = await brokerProcess(t, dataDir, {}, from);
  };
  await startBroker(versions, root);
  const member = async (name: "alice" | "bob"): Promise<UpgradedDaemon> => {
    const dir = join(folder, name);
    mkdirSync(dir, { mode: 0o700 });
    await joinBroker({ dir, dataDir, name, role: "member" });
    writeMeshFile(dir, { ...readMeshFile(dir), broker_url: `ws://${proxies[name].authority}/v1/link` });
    return upgradedDaemon(t, dir, proxies[name], root);
  };
  const [alice, bob] = [await member("alice"), await member("bob")];
  return {
    alice,
    bob,
    get broker() {
      return running();
    },
    async killBroker() {
      running().kill("SIGKILL");
      await running().ended;
    },
    startBroker,
    recordVersions() {
      const db = new DatabaseSync(join(dataDir, "broker.db"), { readOnly: true });
      const rows = db.prepare("SELECT fingerprint_version FROM client_message_dedupe ORDER BY seq").all();
      db.close();
      return rows.map((row) => Number(row["fingerprint_version"]));
    },
  };
}

async function upgradedDaemon(
  t: TestContext,
  dir: string,
  proxy: FaultProxy,
  root: string | undefined,
): Promise<UpgradedDaemon> {
  const state: { process: DaemonProcess; client: Client } = await open(root);
  onEnd(t, () => state.client.close());
  async function open(from: string | undefined) {
    const process = await daemonProcess(t, dir, from);
    return { process, client: connect({ socketPath: process.unix.socketPath }) };
  }
  return {
    dir,
    proxy,
    get client() {
      return state.client;
    },
    get process() {
      return state.process;
    },
    async kill() {
      state.client.close();
      state.process.kill("SIGKILL");
      await state.process.ended;
    },
    async start(from) {
      Object.assign(state, await open(from));
    },
  };
}

/** The outbox of a daemon that does not run, as it is now; `putBack` puts it there again. */
export function backUpOutbox(t: TestContext, { dir }: Pick<UpgradedDaemon, "dir">): { putBack(): void } {
  const folder = tempFolder(t);
  // Of a killed process the log of the database belongs to it.
  const names = ["outbox.db", "outbox.db-wal", "outbox.db-shm"];
  const copy = (from: string, to: string): void => {
    for (const name of names) cpSync(join(from, name), join(to, name), { force: true });
  };
  copy(dir, folder);
  return { putBack: () => copy(folder, dir) };
}
