import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BrokerStatus, Started } from "../cli/launcher.ts";
import { makePrivateDirectory } from "../daemon/identity/private-file.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { adminClient, type BrokerAnswer } from "./admin-client.ts";
import { isLocked, startDetached, stopDeadlineMs, waitForRelease } from "./detached-process.ts";

const lookTimeoutMs = 2_000;

export function brokerDir(home: string): string {
  return join(home, "broker");
}

/** Starts the embedded broker of `dataDir` unless it runs; resolves when its admin socket answers. */
export async function startBroker(dataDir: string): Promise<Started<BrokerStatus>> {
  const before = await brokerStatus(dataDir);
  if (before.state === "running") return { started: false, status: before };
  makePrivateDirectory(dataDir);
  const answer = await startDetached("run-broker", ["--data-dir", dataDir], {
    outputPath: join(dataDir, "start.log"),
    ready: () =>
      adminClient(dataDir)
        .status(lookTimeoutMs)
        .catch(() => null),
  });
  return { started: true, status: running(dataDir, answer) };
}

/** Stops it in good order, by its admin socket, else by SIGTERM; true when it ran. Call under the launch lock. */
export async function stopBroker(dataDir: string): Promise<boolean> {
  const lockPath = join(dataDir, "broker.lock");
  if (!existsSync(lockPath)) return false;
  const status = await brokerStatus(dataDir);
  if (status.state === "stopped" && !isLocked(lockPath)) return false;
  await adminClient(dataDir)
    .shutdown()
    .catch(() => undefined);
  if (await waitForRelease(lockPath, stopDeadlineMs)) return true;
  if (status.pid !== null) process.kill(status.pid, "SIGTERM");
  if (status.pid !== null && (await waitForRelease(lockPath, stopDeadlineMs))) return true;
  throw new ClaudemeshError("timed_out", `the broker of ${dataDir} did not stop in ${stopDeadlineMs / 1_000} s`, {
    hint: `its log is ${join(dataDir, "broker.log")}`,
  });
}

/** What is found by asking; a broker that only holds its socket is `unresponsive`. */
export async function brokerStatus(dataDir: string): Promise<BrokerStatus> {
  if (!existsSync(dataDir)) return { url: null, state: "absent", pid: null, data_dir: null };
  try {
    return running(dataDir, await adminClient(dataDir).status(lookTimeoutMs));
  } catch (thrown) {
    const state = thrown instanceof ClaudemeshError && thrown.code === "not_running" ? "stopped" : "unresponsive";
    return { url: lastUrl(dataDir), state, pid: null, data_dir: dataDir };
  }
}

function running(dataDir: string, answer: BrokerAnswer): BrokerStatus {
  return { url: answer.url, state: "running", pid: answer.pid, data_dir: dataDir };
}

/** Where it listened last and will listen again. */
function lastUrl(dataDir: string): string | null {
  try {
    const file = JSON.parse(readFileSync(join(dataDir, "broker.json"), "utf8")) as { url?: unknown };
    return typeof file.url === "string" ? file.url : null;
  } catch {
    return null;
  }
}
