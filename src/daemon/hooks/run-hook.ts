import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { Clock } from "../../base/clock.ts";
import type { LaunchRun } from "./containment.ts";
import type { HookLimits } from "./hook-limits.ts";

/** What a process of a hook did, before anybody judges it. */
export interface HookProcess {
  /** What the system said when it could not be started; null: it was. */
  readonly failure: string | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** It took too long and was told to end. */
  readonly timedOut: boolean;
  /** It was told to end since the daemon ends. */
  readonly stopped: boolean;
  /** Not even killing ended it: it is left behind. */
  readonly unkillable: boolean;
  readonly stdout: Buffer;
  /** It wrote more than is read. */
  readonly outputCut: boolean;
  /** The end of its standard error. */
  readonly said: string;
  readonly durationMs: number;
}

export interface HookToRun {
  readonly launch: LaunchRun;
  readonly stdin: string;
  readonly timeoutMs: number;
  readonly outputBytesMax: number;
  readonly limits: Pick<HookLimits, "graceMs" | "drainMs" | "unkillableMs" | "saidBytesMax">;
  readonly clock: Clock;
  /** The daemon ends. */
  readonly signal: AbortSignal;
  /** Called once it runs. */
  started(pid: number): void;
}

/**
 * Runs one process to its end and reads what it writes; never rejects.
 *
 * running → ended by itself, or told to end (its time is over, or the daemon ends) → ended, or killed after the grace → ended, or
 * left behind. However it ends, what is left of its process group is killed then: nothing that a hook starts in its own group outlives
 * it. Signals go to the group, so that a shell's children end with the shell. Its output is read to the last byte, whatever its size,
 * since a pipe that nobody reads would stop it; beyond the limit it is thrown away.
 */
export function runHook(run: HookToRun): Promise<HookProcess> {
  const { launch, clock, limits } = run;
  const begun = clock.now();
  let child: ChildProcess;
  try {
    child = spawn(launch.command, [...launch.args], launch.options);
  } catch (thrown) {
    return Promise.resolve(notStarted(thrown));
  }
  const output = keepFirst(child.stdout, run.outputBytesMax);
  const said = keepLast(child.stderr, limits.saidBytesMax);
  // A hook need not read what it is given, and may close it early.
  child.stdin?.on("error", () => {});
  child.stdin?.end(run.stdin);
  if (child.pid !== undefined) run.started(child.pid);

  return new Promise((resolve) => {
    let [timedOut, stopped] = [false, false];
    let timer = clock.after(run.timeoutMs, () => {
      timedOut = true;
      tellToEnd();
    });
    const signalGroup = (name: "SIGTERM" | "SIGKILL"): void => {
      // It may have ended in this very moment.
      if (child.pid !== undefined) void launch.signal(child.pid, name).catch(() => {});
    };
    const tellToEnd = (): void => {
      timer.cancel();
      signalGroup("SIGTERM");
      timer = clock.after(limits.graceMs, () => {
        signalGroup("SIGKILL");
        timer = clock.after(limits.unkillableMs, () => settle(null, null, true));
      });
    };
    const stop = (): void => {
      if (timedOut || stopped) return;
      stopped = true;
      tellToEnd();
    };
    const settle = (exitCode: number | null, signal: string | null, unkillable: boolean): void => {
      timer.cancel();
      run.signal.removeEventListener("abort", stop);
      signalGroup("SIGKILL");
      // Its token dies with it, whatever still comes out of its pipes.
      void launch.cleanup().catch(() => {});
      const finish = (): void => {
        drained.cancel();
        child.off("close", finish);
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
        if (unkillable) child.unref();
        const durationMs = clock.now() - begun;
        const { bytes, cut } = output();
        const ended = { failure: null, exitCode, signal, timedOut, stopped, unkillable, durationMs };
        resolve({ ...ended, stdout: bytes, outputCut: cut, said: said() });
      };
      // What has left the group may hold the pipes open for ever.
      const drained = clock.after(limits.drainMs, finish);
      if (unkillable || hasClosed) finish();
      else child.once("close", finish);
    };
    let hasClosed = false;
    child.once("close", () => {
      hasClosed = true;
    });
    child.once("error", (thrown) => {
      if (child.pid !== undefined) return;
      timer.cancel();
      run.signal.removeEventListener("abort", stop);
      resolve(notStarted(thrown));
    });
    child.once("exit", (exitCode, signal) => settle(exitCode, signal, false));
    if (run.signal.aborted) stop();
    else run.signal.addEventListener("abort", stop, { once: true });
  });

  function notStarted(thrown: unknown): HookProcess {
    return {
      failure: thrown instanceof Error ? thrown.message : String(thrown),
      exitCode: null,
      signal: null,
      timedOut: false,
      stopped: false,
      unkillable: false,
      stdout: Buffer.alloc(0),
      outputCut: false,
      said: "",
      durationMs: clock.now() - begun,
    };
  }
}

/** The first `bytesMax` bytes of a stream that is read to its end. */
function keepFirst(stream: Readable | null, bytesMax: number): () => { bytes: Buffer; cut: boolean } {
  const chunks: Buffer[] = [];
  let [kept, cut] = [0, false];
  stream?.on("error", () => {});
  stream?.on("data", (chunk: Buffer) => {
    const room = bytesMax - kept;
    if (chunk.length > room) cut = true;
    if (room <= 0) return;
    const part = chunk.length > room ? Buffer.from(chunk.subarray(0, room)) : chunk;
    chunks.push(part);
    kept += part.length;
  });
  return () => ({ bytes: Buffer.concat(chunks), cut });
}

/** The last `bytesMax` bytes of a stream that is read to its end, as text. */
function keepLast(stream: Readable | null, bytesMax: number): () => string {
  let last = Buffer.alloc(0);
  stream?.on("error", () => {});
  stream?.on("data", (chunk: Buffer) => {
    const joined = Buffer.concat([last, chunk.length > bytesMax ? chunk.subarray(-bytesMax) : chunk]);
    last = Buffer.from(joined.subarray(Math.max(0, joined.length - bytesMax)));
  });
  return () => last.toString("utf8");
}
