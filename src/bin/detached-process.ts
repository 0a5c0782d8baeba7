import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { acquireLock, type HeldLock, LockedError } from "../base/lock-file.ts";
import { passphraseVariable } from "../cli/passphrase.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { exitCodes } from "./exit-codes.ts";

/** A process must answer, or end, within this time after it was started or told to. */
const startDeadlineMs = 30_000;
const stopDeadlineMs = 20_000;
const lookIntervalMs = 20;
const lastWordsChars = 2_000;

/** Programs that stand beside this file, with its own ending: `.ts` from the sources, `.js` when built. */
export type Program = "run-broker" | "run-daemon";

/**
 * Starts a program for `folder` that outlives this one and resolves with what `ready` finds. Its last words are thrown
 * when it ends first. Should another process have the lock, one that a killed launcher left starting, that one's
 * readiness is waited for as long as it holds the lock.
 */
export async function startDetached<T extends { readonly pid: number | null }>(
  program: Program,
  folder: string,
  args: readonly string[],
  ready: () => Promise<T | null>,
  env: NodeJS.ProcessEnv = process.env,
  /** What the program reads on its standard input, which ends with it; null: that is empty. */
  input: string | null = null,
): Promise<{ readonly found: T; readonly isOther: boolean }> {
  const name = program.slice("run-".length);
  const outputPath = join(folder, "start.log");
  const script = fileURLToPath(
    new URL(`./${program}${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
  );
  const output = openSync(outputPath, "w", 0o600);
  // What opens backups is for the command alone: it would stay readable for as long as the program runs.
  const { [passphraseVariable]: _, ...passedOn } = env;
  const child = spawn(process.execPath, [script, ...args], {
    detached: true,
    env: withoutInvite(passedOn),
    stdio: [input === null ? "ignore" : "pipe", output, output],
  });
  closeSync(output);
  // One that ends before it has read all of it says itself why.
  child.stdin?.on("error", () => {});
  child.stdin?.end(input);
  let ended: string | null = null;
  let isOther = false;
  child.on("error", (error) => {
    ended = error.message;
  });
  child.on("exit", (code, signal) => {
    ended = `it ended with ${signal ?? `code ${code}`}`;
    isOther = code === exitCodes.already_running;
  });
  child.unref();
  const deadline = Date.now() + startDeadlineMs;
  for (;;) {
    const over: string | null = isOther && isLocked(join(folder, `${name}.lock`)) ? null : ended;
    const found = await ready();
    if (found !== null) return { found, isOther: found.pid !== child.pid };
    if (over !== null || Date.now() > deadline) {
      // One line, as every error is told: its last words are what is wrong and, below, what helps.
      const words = readFileSync(outputPath, "utf8")
        .trim()
        .slice(-lastWordsChars)
        .split(/\s*\n\s*/)
        .join("; ");
      throw new ClaudemeshError(
        "not_running",
        `${name} did not start: ${over ?? `no answer in ${startDeadlineMs / 1_000} s`}${words === "" ? "" : `: ${words}`}`,
        { hint: `its log is beside ${outputPath}` },
      );
    }
    await pause(lookIntervalMs);
  }
}

/** A link is a secret that whoever joined by it needs no more, and an environment is shown for as long as its process runs. */
function withoutInvite({ CLAUDEMESH_INVITE: _invite, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env;
}

/**
 * Stops the program of `folder` in good order, by asking it, else by SIGTERM; true when it ran. Call under the launch
 * lock. Throws timed_out when it goes on in spite of both.
 */
export async function stopDetached<Status extends { readonly state: string; readonly pid: number | null }>(
  program: Program,
  folder: string,
  options: {
    readonly look: () => Promise<Status>;
    readonly ask: (status: Status) => Promise<unknown>;
    /** Until it is told by the signal, and once more until it is given up. */
    readonly deadlineMs?: number;
  },
): Promise<boolean> {
  const { deadlineMs = stopDeadlineMs } = options;
  const name = program.slice("run-".length);
  const lockPath = join(folder, `${name}.lock`);
  if (!existsSync(lockPath)) return false;
  const status = await options.look();
  const { state, pid } = status;
  if (state === "stopped" && !isLocked(lockPath)) return false;
  // One that does not answer is told by the signal; one that has just ended has let go of its lock.
  await options.ask(status).catch(() => undefined);
  if (await waitForRelease(lockPath, deadlineMs)) return true;
  if (pid !== null) process.kill(pid, "SIGTERM");
  if (pid !== null && (await waitForRelease(lockPath, deadlineMs))) return true;
  throw new ClaudemeshError("timed_out", `the ${name} of ${folder} did not stop in ${deadlineMs / 1_000} s`, {
    hint: `its log is ${join(folder, `${name}.log`)}`,
  });
}

/** Resolves once nobody holds the lock: then the process that held it has ended, whatever its pid is used for now. */
async function waitForRelease(lockPath: string, deadlineMs: number): Promise<boolean> {
  const deadline = Date.now() + deadlineMs;
  while (isLocked(lockPath)) {
    if (Date.now() > deadline) return false;
    await pause(lookIntervalMs);
  }
  return true;
}

/** Takes the lock for a moment, so only for callers that hold the launch lock: a program just starting would fail. */
export function isLocked(lockPath: string): boolean {
  // The folder of an ephemeral daemon goes with it; what cannot be opened in one that is there is thrown.
  if (!existsSync(dirname(lockPath))) return false;
  try {
    acquireLock(lockPath).release();
    return false;
  } catch (thrown) {
    if (thrown instanceof LockedError) return true;
    if (!existsSync(dirname(lockPath))) return false;
    throw thrown;
  }
}

/** Whether an `up` or `down` of the home is at work; a lock that cannot be looked at, as on a full disk, tells of none. */
export function isLaunching(lockPath: string): boolean {
  try {
    return existsSync(lockPath) && isLocked(lockPath);
  } catch {
    return false;
  }
}

/** Holds off every start and stop of the home until it is released; null while one is at work, or where it cannot be held. */
export function tryLaunchLock(lockPath: string): HeldLock | null {
  try {
    return existsSync(lockPath) ? acquireLock(lockPath) : null;
  } catch {
    return null;
  }
}

/** Runs `work` while no other launcher of this home does. */
export async function withLaunchLock<T>(lockPath: string, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + startDeadlineMs + stopDeadlineMs;
  for (;;) {
    try {
      const lock = acquireLock(lockPath);
      try {
        return await work();
      } finally {
        lock.release();
      }
    } catch (thrown) {
      if (!(thrown instanceof LockedError)) throw thrown;
      if (Date.now() > deadline)
        throw new ClaudemeshError("already_running", "another claudemesh up or down of this home is at work", {
          hint: "wait for it, then try again",
        });
      await pause(lookIntervalMs);
    }
  }
}
