import { ClaudemeshError } from "../protocol/error.ts";
import { exitCodeOf, exitCodes, needsPerson } from "./exit-codes.ts";
import type { LogFile } from "./log-file.ts";

/** After this long a stop that hangs is given up: whatever was acknowledged is on disk already. */
const defaultStopDeadlineMs = 10_000;

/** What a process runs. `ended` resolves when it ends by itself: asked over its own API, or by something fatal. */
export interface Program {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Reads its settings again. What it throws, it has logged. Absent: it reads them at its start. */
  reload?(): unknown;
  readonly ended: Promise<ProgramEnd | null>;
  /** What is to be done before `stop`, in a time that it bounds itself. Answers why the program ends after all. */
  finish?(why: ProgramEnd | null): Promise<ProgramEnd | null>;
  /** The very last, when nothing is logged any more and no lock is held. */
  clear?(end: ProgramEnd | null): void;
}

export interface ProgramEnd {
  readonly kind: string;
  readonly message: string;
  readonly hint?: string | undefined;
  /** Logged with it. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface RunOptions {
  /** After this long a stop that hangs is given up. */
  readonly stopDeadlineMs?: number;
  /** For supervisors that start again whatever did not end with 0: so does an end that another start would not mend. */
  readonly settlesWithZero?: boolean;
}

/** Runs until a signal or the program's own end, and exits with a code of exit-codes.ts. Never returns. */
export async function runProcess(
  name: string,
  logFile: LogFile,
  create: () => Program | Promise<Program>,
  { stopDeadlineMs = defaultStopDeadlineMs, settlesWithZero = false }: RunOptions = {},
): Promise<never> {
  const { log } = logFile;
  const exit = (code: number): never => process.exit(settlesWithZero && needsPerson(code) ? exitCodes.ok : code);
  const die = (thrown: unknown): void => {
    logFile.writeNow(
      { err: describe(thrown), exit_code: exitCodes.unexpected },
      `the ${name} ends: a bug or an unexpected failure`,
    );
    process.exit(exitCodes.unexpected);
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  let program: Program | null = null;
  // Never the end of it: children of a terminal that goes away keep running.
  process.on("SIGHUP", () => {
    try {
      program?.reload?.();
    } catch (thrown) {
      // What is wrong with the settings ends no process that runs by those of before.
      if (!(thrown instanceof ClaudemeshError)) throw thrown;
    }
  });

  const signalled = new Promise<null>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        log.info({ signal }, `the ${name} was told to stop`);
        resolve(null);
      });
    }
  });
  let started: Program;
  try {
    started = await create();
    await started.start();
    program = started;
  } catch (thrown) {
    const error = ClaudemeshError.from(thrown);
    const exitCode = exitCodeOf(error.code);
    log.error(
      { code: error.code, exit_code: exitCode, hint: error.hint, err: thrown },
      `the ${name} did not start: ${error.message}`,
    );
    process.stderr.write(`${name}: ${error.message}\n${error.hint === undefined ? "" : `  ${error.hint}\n`}`);
    await logFile.close();
    return exit(exitCode);
  }
  log.info({ started: true }, `the ${name} runs`);
  const why = await Promise.race([signalled, started.ended]);
  const end = started.finish === undefined ? why : await started.finish(why);
  const exitCode = end === null ? exitCodes.ok : exitCodeOf(end.kind);
  if (end !== null) {
    log.error(
      { ...end.details, kind: end.kind, exit_code: exitCode, hint: end.hint },
      `the ${name} ends: ${end.message}`,
    );
    process.stderr.write(`${name}: ${end.message}\n${end.hint === undefined ? "" : `  ${end.hint}\n`}`);
  }
  const deadline = setTimeout(() => {
    logFile.writeNow({}, `the ${name} did not stop within ${stopDeadlineMs} ms and is ended`);
    exit(end === null ? exitCodes.unexpected : exitCode);
  }, stopDeadlineMs);
  await started.stop();
  clearTimeout(deadline);
  log.info(end === null ? { exit_code: exitCode } : {}, `the ${name} has stopped`);
  await logFile.close();
  started.clear?.(end);
  return exit(exitCode);
}

function describe(thrown: unknown): unknown {
  return thrown instanceof Error ? { type: thrown.name, message: thrown.message, stack: thrown.stack } : String(thrown);
}
