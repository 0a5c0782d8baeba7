import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { DaemonStatus, Decision, Started } from "../cli/launcher.ts";
import { connect } from "../client/connect.ts";
import { readDaemonFile } from "../client/find-daemon.ts";
import { drainSecondsMax } from "../daemon/config.ts";
import type { Dial } from "../daemon/link/link.ts";
import { readMeshFile } from "../daemon/identity/mesh-file.ts";
import { socketPathFor } from "../http/socket-path.ts";
import type { HealthView } from "../protocol/local-api.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { type ErrorCode, errorCodes } from "../protocol/error-codes.ts";
import { isLocked, startDetached, stopDetached } from "./detached-process.ts";
import { decideReadOnly } from "./ended-membership.ts";
import { decide } from "./environment/decide.ts";
import { detectEnvironment } from "./environment/detect.ts";
import { systemReaders } from "./environment/readers.ts";
import { isCleared, isEphemeral } from "./ephemeral/ended-folder.ts";
import { type HandedOver, handOverText } from "./ephemeral/handed-over.ts";
import { isLinkEnd } from "./exit-codes.ts";
import { readLaunchRecord, writeLaunchRecord } from "./launch-record.ts";
import { endOf, lastNote } from "./process-end.ts";
import { setArguments } from "./setting-overrides.ts";
import { hooksRunIfRead } from "./start-settings.ts";
import { startBySupervisor } from "./supervise/ask-supervisor.ts";
import { isSupervised } from "./supervise/supervisor-lock.ts";

const lookTimeoutMs = 2_000;
const linkTimeoutMs = 8_000;
/** A broker that cannot be reached at all is most often known by then. */
const firstAttemptMs = 2_000;
const lookIntervalMs = 20;
/** The longest that an ephemeral daemon may wait for its broker, with what it needs to leave and to stop. */
const ephemeralStopMs = (drainSecondsMax + 20) * 1_000;
/** Between letting go of its lock and having removed its folder. */
const clearedMs = 5_000;

/**
 * Starts the daemon of a member's folder unless it runs; resolves when its local API answers. `readOnly`: whatever is known
 * of its membership, it runs for reading alone, or dials its broker.
 */
export async function startDaemon(
  home: string,
  dir: string,
  options: {
    readonly http: boolean;
    readonly readOnly?: boolean | null;
    readonly dial?: boolean;
    /** Of a start that a decision went before; absent: as its environment decides of a member that is there. */
    readonly decisions?: readonly Decision[];
    /** Of an ephemeral member, whose launch record stands; absent: the folder has the keys. */
    readonly handedOver?: HandedOver;
  },
): Promise<Started<DaemonStatus>> {
  const before = await daemonStatus(home, dir);
  if (before.state === "running") {
    if (!options.http || before.http_port !== null) return { started: false, status: before };
    throw new ClaudemeshError("already_running", `the daemon of mesh ${before.mesh} already runs, without --http`, {
      hint: "claudemesh daemon down, then claudemesh up --http",
    });
  }
  const { handedOver } = options;
  if (handedOver === undefined) noteDecisions(dir, options.decisions ?? present(options.http));
  const readOnly = handedOver === undefined && (await decideReadOnly(dir, options.readOnly));
  // Whoever asks for a start sees what comes of it: it is not held up by how the daemon ended before.
  const dial = options.dial === true ? "at_once" : "after_end";
  const args = daemonArguments(dir, { dial, http: options.http, readOnly });
  const { last_end: end } = before;
  const endedBefore = end !== null && isLinkEnd(end.exit_code) && !readOnly ? { ended_before: end } : {};
  try {
    if (handedOver === undefined && isSupervised(home)) {
      const found = await startBySupervisor(home, dir, dial, () => daemonStatus(home, dir));
      if (found !== null) return { started: true, status: found, ...endedBefore };
    }
    const ready = async (): Promise<DaemonStatus | null> => {
      const status = await daemonStatus(home, dir);
      return status.state === "running" ? status : null;
    };
    const input = handedOver === undefined ? null : handOverText(handedOver);
    const words = handedOver === undefined ? args : [...args, "--ephemeral"];
    const { found } = await startDetached("run-daemon", dir, words, ready, process.env, input);
    return { started: true, status: found, ...endedBefore };
  } catch (thrown) {
    // It did start, and has ended over its link before it was looked at: `firstAttempt` tells.
    const after = await daemonStatus(home, dir);
    const met = after.last_end;
    if (met === null || !isLinkEnd(met.exit_code) || met.at === end?.at) throw thrown;
    return { started: true, status: after, ...endedBefore };
  }
}

/** Of a member that is on disk: what its environment decides, as far as it can decide anything. */
function present(http: boolean): readonly Decision[] {
  return decide(detectEnvironment(systemReaders(process.env)), { mode: null, http }, true).decisions;
}

function noteDecisions(dir: string, decided: readonly Decision[]): void {
  const record = readLaunchRecord(dir);
  const decisions = decided.filter(({ setting }) => setting !== "hooks" || hooksRunIfRead(dir) === "auto");
  if (!isDeepStrictEqual(decisions, record.decisions)) writeLaunchRecord(dir, { ...record, decisions });
}

/** The words of run-daemon, whoever starts it. */
export function daemonArguments(
  dir: string,
  { dial, http, readOnly }: { readonly dial: Dial; readonly http: boolean; readonly readOnly: boolean },
): string[] {
  const flags = [...(http ? ["--http"] : []), ...(readOnly ? ["--read-only"] : [])];
  return ["--dir", dir, "--dial", dial, ...flags, ...setArguments(readLaunchRecord(dir).set)];
}

/**
 * Resolves when it is known what became of the daemon's first attempt at its link, or after a while. Throws the daemon's own last
 * words when it ended over it.
 */
export async function firstAttempt(
  home: string,
  dir: string,
  { started, status }: Started<DaemonStatus>,
): Promise<void> {
  if (!started || status.read_only) return;
  const client = connect({ socketPath: status.socket });
  try {
    for (const deadline = Date.now() + firstAttemptMs; Date.now() < deadline; await pause(lookIntervalMs)) {
      const { link } = await client.health({ timeoutMs: lookTimeoutMs });
      if (link.state === "connected" || link.state === "waiting") return;
    }
  } catch (thrown) {
    if (!(thrown instanceof ClaudemeshError)) throw thrown;
  } finally {
    client.close();
  }
  await requireNotEnded(home, dir, status);
}

/** Throws the last words of a daemon that has ended over its link since it was started. */
async function requireNotEnded(home: string, dir: string, { mesh, address }: DaemonStatus): Promise<void> {
  for (const deadline = Date.now() + firstAttemptMs; isLocked(join(dir, "daemon.lock")); await pause(lookIntervalMs))
    if (Date.now() > deadline) return;
  const { state, last_end: end } = await daemonStatus(home, dir);
  if (state !== "stopped" || end === null) return;
  const { kind, exit_code, feature, detail, hint } = end;
  throw new ClaudemeshError(
    Object.hasOwn(errorCodes, kind) ? (kind as ErrorCode) : "not_running",
    `${address} in mesh ${mesh} has ended at its first attempt (exit code ${exit_code}): ${end.message}`,
    { ...(hint === null ? {} : { hint }), details: { exit_code, kind, feature, detail } },
  );
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

/**
 * Stops it by its local API, else by SIGTERM; true when it ran. An ephemeral one has given the broker what it could, and its folder
 * is gone, or holds its last words. Call under the launch lock.
 */
export async function stopDaemon(home: string, dir: string): Promise<boolean> {
  const ephemeral = isEphemeral(dir);
  const stopped = await stopDetached("run-daemon", dir, {
    ...(ephemeral ? { deadlineMs: ephemeralStopMs } : {}),
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
  if (ephemeral && stopped)
    for (const deadline = Date.now() + clearedMs; !isCleared(dir) && Date.now() < deadline; )
      await pause(lookIntervalMs);
  return stopped;
}

/** What is found by asking; a daemon that holds its socket and does not answer is `unresponsive`. */
export async function daemonStatus(home: string, dir: string): Promise<DaemonStatus> {
  const mesh = readMeshFile(dir);
  const record = readLaunchRecord(dir);
  const file = readDaemonFile(dir);
  const socket = file?.socket ?? socketPathFor(dir, "sock", process.env);
  const base = {
    mesh: mesh.slug,
    member: mesh.member_name,
    address: `@${mesh.member_name}`,
    home,
    socket,
    token_file: join(dir, "local_token"),
    read_only: record.readOnly,
    mode: mesh.ephemeral === true ? "ephemeral" : "persistent",
    decisions: record.decisions,
  } as const;
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
      link: linkOf(health),
      ends_at: health.ends_at ?? null,
      last_end: null,
    };
  } catch (thrown) {
    const state = thrown instanceof ClaudemeshError && thrown.code === "not_running" ? "stopped" : "unresponsive";
    const end = state === "stopped" ? endOf(await lastNote(dir, "daemon")) : null;
    const none = { http_port: null, pid: null, membership_trouble: null, link: null, ends_at: null } as const;
    return { ...base, ...none, state, last_end: end };
  } finally {
    client.close();
  }
}

function linkOf({ link }: HealthView): DaemonStatus["link"] {
  const { state, last_error, last_error_kind, receives, instance_id, next_dial_at } = link;
  // One of an earlier version does not tell when it dials again, nor anything of other daemons of its member.
  const others = { receives: receives ?? null, instance_id: instance_id ?? "" };
  return { state, last_error, last_error_kind, ...others, next_dial_at: next_dial_at ?? null };
}
