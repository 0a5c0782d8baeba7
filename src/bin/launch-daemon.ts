import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { DaemonStatus, Started } from "../cli/launcher.ts";
import { connect } from "../client/connect.ts";
import { readDaemonFile } from "../client/find-daemon.ts";
import { readMeshFile } from "../daemon/identity/mesh-file.ts";
import { socketPathFor } from "../http/socket-path.ts";
import type { HealthView } from "../protocol/local-api.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { readLaunchRecord } from "./launch-record.ts";
import { decideReadOnly } from "./ended-membership.ts";
import { startDetached, stopDetached } from "./detached-process.ts";

const lookTimeoutMs = 2_000;
const linkTimeoutMs = 8_000;
const lookIntervalMs = 20;

/**
 * Starts the daemon of a member's folder unless it runs; resolves when its local API answers. `readOnly`: whatever is known
 * of its membership, it runs for reading alone, or dials its broker.
 */
export async function startDaemon(
  home: string,
  dir: string,
  options: { readonly http: boolean; readonly readOnly?: boolean | null },
): Promise<Started<DaemonStatus>> {
  const before = await daemonStatus(home, dir);
  if (before.state === "running") {
    if (!options.http || before.http_port !== null) return { started: false, status: before };
    throw new ClaudemeshError("already_running", `the daemon of mesh ${before.mesh} already runs, without --http`, {
      hint: "claudemesh daemon down, then claudemesh up --http",
    });
  }
  const readOnly = await decideReadOnly(home, dir, options.readOnly);
  const args = ["--dir", dir, ...(options.http ? ["--http"] : []), ...(readOnly ? ["--read-only"] : [])];
  const { found } = await startDetached("run-daemon", dir, args, async () => {
    const status = await daemonStatus(home, dir);
    return status.state === "running" ? status : null;
  });
  return { started: true, status: found };
}

/** True once the link stands, so that names are known to the next command; false when it takes longer than a few seconds. */
export async function waitForLink({ socket }: DaemonStatus, timeoutMs = linkTimeoutMs): Promise<boolean> {
  const client = connect({ socketPath: socket });
  try {
    for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await pause(lookIntervalMs)) {
      const { link } = await client.health({ timeoutMs: lookTimeoutMs });
      if (link.state === "connected") return true;
      if (link.state === "stopped") return false;
    }
    return false;
  } catch (thrown) {
    // It ended meanwhile: its own last words say why, and `status` shows them.
    if (thrown instanceof ClaudemeshError) return false;
    throw thrown;
  } finally {
    client.close();
  }
}

/** Stops it by its local API, else by SIGTERM; true when it ran. Call under the launch lock. */
export function stopDaemon(home: string, dir: string): Promise<boolean> {
  return stopDetached("run-daemon", dir, {
    look: () => daemonStatus(home, dir),
    async ask({ socket }) {
      const client = connect({ socketPath: socket });
      try {
        await client.shutdown({ timeoutMs: lookTimeoutMs });
      } finally {
        client.close();
      }
    },
  });
}

/** What is found by asking; a daemon that holds its socket and does not answer is `unresponsive`. */
export async function daemonStatus(home: string, dir: string): Promise<DaemonStatus> {
  const mesh = readMeshFile(dir);
  const file = readDaemonFile(dir);
  const socket = file?.socket ?? socketPathFor(dir, "sock", process.env);
  const base = {
    mesh: mesh.slug,
    member: mesh.member_name,
    address: `@${mesh.member_name}`,
    home,
    socket,
    token_file: join(dir, "local_token"),
    read_only: readLaunchRecord(dir).readOnly,
  };
  const client = connect({ socketPath: socket });
  try {
    const health: HealthView = await client.health({ timeoutMs: lookTimeoutMs });
    return {
      ...base,
      member: health.member.name,
      address: health.member.address,
      state: "running",
      http_port: file?.http_port ?? null,
      pid: health.pid,
      // One of an earlier version tells nothing of it.
      membership_trouble: health.membership?.trouble ?? null,
    };
  } catch (thrown) {
    const state = thrown instanceof ClaudemeshError && thrown.code === "not_running" ? "stopped" : "unresponsive";
    return { ...base, state, http_port: null, pid: null, membership_trouble: null };
  } finally {
    client.close();
  }
}
