import { basename, join } from "node:path";
import { systemClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { createDaemon } from "../daemon/daemon.ts";
import type { Dial } from "../daemon/link/link.ts";
import { type LogFile, openLogFile, openLogStream, withNotesIn } from "./log-file.ts";
import { keepLastWords, removeFolder } from "./ephemeral/ended-folder.ts";
import { readHandedOver } from "./ephemeral/handed-over.ts";
import { readLaunchRecord } from "./launch-record.ts";
import { type Program, runProcess } from "./run-process.ts";
import { type SetRecord, settingOverrides } from "./setting-overrides.ts";

export interface DaemonHere {
  readonly dir: string;
  readonly http: boolean;
  readonly readOnly: boolean;
  readonly dial: Dial;
  readonly logTo: "stderr" | "file";
  readonly logLevel: string;
  /** Settings above config.toml and the environment. */
  readonly set: SetRecord;
  readonly settle?: boolean;
  /** Its keys come on standard input, and the folder goes with it. */
  readonly ephemeral?: boolean;
}

/** The daemon of a folder in this process, until it is told to stop or ends by itself. Never returns. */
export function runDaemonHere(here: DaemonHere): Promise<never> {
  const { dir, logTo, logLevel, settle } = here;
  const options = { name: "daemon", level: logLevel };
  const file = (): LogFile => openLogFile(join(dir, "daemon.log"), options);
  // `status` and `doctor` read starts and ends in the file, wherever the rest goes.
  const logFile =
    logTo === "file" ? file() : withNotesIn(file(), openLogStream(process.stderr, { ...options, mesh: basename(dir) }));
  return runProcess("daemon", logFile, () => program(here, logFile.log), { settlesWithZero: settle === true });
}

async function program({ dir, http, readOnly, dial, ephemeral, set }: DaemonHere, log: Log): Promise<Program> {
  const { decisions } = readLaunchRecord(dir);
  for (const { setting, value, because, override } of decisions)
    log.info({ setting, value, because, override }, "decided at the start");
  const overrides = settingOverrides("daemon", process.env, set);
  const hooksOff = decisions.find(({ setting }) => setting === "hooks")?.because ?? null;
  const options = { dir, clock: systemClock, log, http, dial, overrides, hooksOff };
  if (ephemeral !== true) return createDaemon({ ...options, readOnly });
  const daemon = createDaemon({ ...options, ephemeral: await readHandedOver(process.stdin) });
  return Object.assign(daemon, {
    clear: (end: unknown) => (end === null ? removeFolder(dir) : keepLastWords(dir)),
  });
}
