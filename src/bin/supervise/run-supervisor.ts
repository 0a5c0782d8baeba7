import { spawn } from "node:child_process";
import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../base/clock.ts";
import { acquireLock, type HeldLock, LockedError } from "../../base/lock-file.ts";
import type { Log } from "../../base/log.ts";
import type { DaemonRunRequest } from "../../cli/launcher.ts";
import { daemonDirs } from "../../client/find-daemon.ts";
import { makePrivateDirectory } from "../../http/private-directory.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isEphemeral } from "../ephemeral/ended-folder.ts";
import { decideReadOnly } from "../ended-membership.ts";
import { daemonArguments, daemonStatus } from "../launch-daemon.ts";
import { readLaunchRecord } from "../launch-record.ts";
import { openLogFile, openLogStream } from "../log-file.ts";
import { lastNote } from "../process-end.ts";
import { type Program, runProcess } from "../run-process.ts";
import { createLaunchHold } from "./launch-hold.ts";
import { readStartRequest, removeStartRequest } from "./start-request.ts";
import { type Child, childStopMs, createSupervisor, lookIntervalMs, type SupervisorParts } from "./supervisor.ts";
import { supervisorLockPath } from "./supervisor-lock.ts";

/** Longer than a daemon may take, and shorter than what service managers wait for. */
const stopDeadlineMs = childStopMs + 5_000;
/** Commands that look whether a supervisor runs hold its lock for a moment. */
const lockTries = 50;
const lockPauseMs = 20;
/** Until a daemon that was started answers. */
const upDeadlineMs = 30_000;
const upPauseMs = 50;

/** The daemons of every mesh of a home as children of this process. Never returns. */
export function runSupervisor(request: DaemonRunRequest): Promise<never> {
  const { home, logTo, logLevel: level } = request;
  makePrivateDirectory(home);
  makePrivateDirectory(join(home, "daemon"));
  const options = { name: "supervisor", level };
  const logFile =
    logTo === "file" ? openLogFile(join(home, "supervisor.log"), options) : openLogStream(process.stderr, options);
  return runProcess("supervisor", logFile, () => supervisorProgram(request, logFile.log), {
    stopDeadlineMs,
    settlesWithZero: request.settle,
  });
}

function supervisorProgram(request: DaemonRunRequest, log: Log): Program {
  const { home } = request;
  const supervisor = createSupervisor(supervisorParts(request, log));
  let lock: HeldLock | null = null;
  let watcher: FSWatcher | null = null;
  let timer: NodeJS.Timeout | null = null;
  const look = (): void =>
    void supervisor.look().catch((thrown) => log.error({ err: thrown }, "a look at the daemons failed"));
  return {
    ended: supervisor.settled,
    async start() {
      lock = await takeLock(home);
      process.on("SIGHUP", () => supervisor.signal("SIGHUP"));
      // A request is seen at once; where nothing can be watched, the timer finds it.
      watcher = watchFolder(join(home, "daemon"), look);
      timer = setInterval(look, lookIntervalMs);
      await supervisor.look();
    },
    async stop() {
      watcher?.close();
      if (timer !== null) clearInterval(timer);
      await supervisor.stop();
      lock?.release();
    },
  };
}

function watchFolder(folder: string, changed: () => void): FSWatcher | null {
  try {
    return watch(folder, changed).on("error", () => {});
  } catch {
    // The system has no watch left.
    return null;
  }
}

async function takeLock(home: string): Promise<HeldLock> {
  for (let tries = 1; ; tries += 1) {
    try {
      return acquireLock(supervisorLockPath(home));
    } catch (thrown) {
      if (!(thrown instanceof LockedError)) throw thrown;
      if (tries >= lockTries)
        throw new ClaudemeshError(
          "already_running",
          `another claudemesh daemon run --all keeps the daemons of ${home}`,
          {
            hint: "claudemesh status",
          },
        );
      await pause(lockPauseMs);
    }
  }
}

function supervisorParts({ home, logTo, logLevel }: DaemonRunRequest, log: Log): SupervisorParts {
  const hold = createLaunchHold(join(home, "launch.lock"));
  return {
    clock: systemClock,
    log,
    // An ephemeral daemon has its keys of whoever started it: nobody can start it again.
    meshes: () => daemonDirs(home).filter(({ dir }) => !isEphemeral(dir)),
    async start({ dir }, dial) {
      // Whoever asks for a start holds the launch lock.
      const release = dial === "when_due" ? hold.take() : () => {};
      if (release === null) return null;
      try {
        const { http } = readLaunchRecord(dir);
        const readOnly = await decideReadOnly(dir);
        const args = daemonArguments(dir, { dial, http, readOnly });
        const child = await startChild([...args, "--log-to", logTo, "--log-level", logLevel]);
        void upOrEnded(home, dir, child).finally(release);
        return child;
      } catch (thrown) {
        release();
        throw thrown;
      }
    },
    async look({ dir }) {
      const { state } = await daemonStatus(home, dir);
      const code = (await lastNote(dir, "daemon"))?.["exit_code"];
      return { runs: state !== "stopped", code: typeof code === "number" ? code : null };
    },
    request: ({ dir }) => readStartRequest(dir, systemClock.now()),
    taken: ({ dir }) => removeStartRequest(dir),
  };
}

/** Resolves when a daemon answers, has ended, or takes too long: until then it may not hold its lock. */
async function upOrEnded(home: string, dir: string, child: Child): Promise<void> {
  let ended = false;
  void child.ended.then(() => {
    ended = true;
  });
  const deadline = systemClock.now() + upDeadlineMs;
  // A folder that cannot be read says nothing: its daemon ends over it.
  const isUp = () =>
    daemonStatus(home, dir).then(
      ({ state }) => state === "running",
      () => false,
    );
  while (!ended && systemClock.now() < deadline && !(await isUp())) await pause(upPauseMs);
}

function startChild(args: readonly string[]): Promise<Child> {
  const ending = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const script = fileURLToPath(new URL(`../run-daemon${ending}`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once("exit", (code, signal) => resolve({ code, signal })),
  );
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => resolve({ pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal) }));
  });
}
