import { basename, join } from "node:path";
import { systemClock } from "../base/clock.ts";
import { createDaemon } from "../daemon/daemon.ts";
import type { Dial } from "../daemon/link/link.ts";
import { type LogFile, openLogFile, openLogStream, withNotesIn } from "./log-file.ts";
import { runProcess } from "./run-process.ts";
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
}

/** The daemon of a folder in this process, until it is told to stop or ends by itself. Never returns. */
export function runDaemonHere({ dir, http, readOnly, dial, logTo, logLevel, settle, set }: DaemonHere): Promise<never> {
  const options = { name: "daemon", level: logLevel };
  const file = (): LogFile => openLogFile(join(dir, "daemon.log"), options);
  // `status` and `doctor` read starts and ends in the file, wherever the rest goes.
  const logFile =
    logTo === "file" ? file() : withNotesIn(file(), openLogStream(process.stderr, { ...options, mesh: basename(dir) }));
  return runProcess(
    "daemon",
    logFile,
    () => {
      const overrides = settingOverrides("daemon", process.env, set);
      return createDaemon({ dir, clock: systemClock, log: logFile.log, http, readOnly, dial, overrides });
    },
    { settlesWithZero: settle === true },
  );
}
