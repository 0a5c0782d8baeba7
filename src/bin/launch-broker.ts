import { existsSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { usesDatabase } from "../broker/open-store.ts";
import { lastBrokerPlace } from "../broker/broker-file.ts";
import { readBrokerConfig } from "../broker/config.ts";
import type { BrokerStatus, ListenRequest, SetRequest, Started } from "../cli/launcher.ts";
import { makePrivateDirectory } from "../http/private-directory.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { adminClient, type BrokerAnswer } from "./admin-client.ts";
import {
  type ListenRecord,
  listenArguments,
  readListenRecord,
  wantedRecord,
  writeListenRecord,
} from "./listen-record.ts";
import { startDetached, stopDetached } from "./detached-process.ts";
import { settingOverrides } from "./setting-overrides.ts";

const lookTimeoutMs = 2_000;

export function brokerDir(home: string): string {
  return join(home, "broker");
}

/**
 * Starts the embedded broker of `dataDir` unless it runs; resolves when its admin socket answers. One that listens
 * elsewhere than `request` wants, or by other settings than `set` says, is restarted so; if that cannot be, it goes on as before and the error is thrown.
 */
export async function startBroker(
  dataDir: string,
  request: ListenRequest | null = null,
  set: SetRequest = {},
): Promise<Started<BrokerStatus>> {
  makePrivateDirectory(dataDir);
  const record = readListenRecord(dataDir);
  const wanted = wantedRecord(record, request, set);
  // Read before anything is stopped: settings with which it cannot start end no broker that runs.
  if (Object.keys(set).length > 0)
    readBrokerConfig(
      join(dataDir, "config.toml"),
      undefined,
      settingOverrides("broker", environmentOf(dataDir), wanted.set),
    );
  const moves = !isDeepStrictEqual(record, wanted);
  const before = await brokerStatus(dataDir);
  if (before.state === "running") {
    if (!moves) return { started: false, status: before };
    await stopBroker(dataDir);
  }
  try {
    const status = running(dataDir, await launch(dataDir, wanted));
    if (moves) writeListenRecord(dataDir, wanted);
    return { started: true, status };
  } catch (thrown) {
    if (before.state === "running") await launch(dataDir, record);
    throw thrown;
  }
}

async function launch(dataDir: string, record: ListenRecord): Promise<BrokerAnswer> {
  const start = () =>
    startDetached(
      "run-broker",
      dataDir,
      ["--data-dir", dataDir, ...listenArguments(record)],
      () =>
        adminClient(dataDir)
          .status(lookTimeoutMs)
          .catch(() => null),
      environmentOf(dataDir),
    );
  const { found, isOther } = await start();
  if (!isOther) return found;
  // One that a killed launcher left starting: where that was told to listen is not known.
  await stopBroker(dataDir);
  return (await start()).found;
}

/**
 * A DATABASE_URL that stands in a shell is most often some other program's: only a broker that `claudemesh broker` has once
 * put on a database is started on it again.
 */
function environmentOf(dataDir: string): NodeJS.ProcessEnv {
  if (usesDatabase(dataDir)) return process.env;
  const { DATABASE_URL: _, REDIS_URL: __, CLAUDEMESH_DEPLOYMENT_DIR: ___, ...others } = process.env;
  return others;
}

/** Stops it by its admin socket, else by SIGTERM; true when it ran. Call under the launch lock. */
export function stopBroker(dataDir: string): Promise<boolean> {
  return stopDetached("run-broker", dataDir, {
    look: () => brokerStatus(dataDir),
    ask: () => adminClient(dataDir).shutdown(),
  });
}

/** What is found by asking; a broker that only holds its socket is `unresponsive`. */
export async function brokerStatus(dataDir: string): Promise<BrokerStatus> {
  if (!existsSync(dataDir)) return { url: null, exposed_url: null, state: "absent", pid: null, data_dir: null };
  try {
    return running(dataDir, await adminClient(dataDir).status(lookTimeoutMs));
  } catch (thrown) {
    const state = thrown instanceof ClaudemeshError && thrown.code === "not_running" ? "stopped" : "unresponsive";
    // Where it listened last is where it will listen again.
    const { url, exposed_url } = lastBrokerPlace(dataDir);
    return { url, exposed_url, state, pid: null, data_dir: dataDir };
  }
}

function running(dataDir: string, answer: BrokerAnswer): BrokerStatus {
  return {
    url: answer.url,
    exposed_url: answer.exposed?.url ?? null,
    state: "running",
    pid: answer.pid,
    data_dir: dataDir,
  };
}
