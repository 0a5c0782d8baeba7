import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../base/clock.ts";
import { createDaemon } from "../daemon/daemon.ts";
import { dials } from "../daemon/link/link.ts";
import { openLogFile } from "./log-file.ts";
import { runProcess } from "./run-process.ts";
import { fromSetArguments, settingOverrides } from "./setting-overrides.ts";

/**
 * The daemon's process: `run-daemon --dir <home>/daemon/<slug> [--http] [--read-only] [--dial when_due] [--set KEY=VALUE]... [--log-level info]`. Logs to daemon.log in that
 * directory; ready when its socket answers. SIGTERM and SIGINT stop it in good order. Exit codes: exit-codes.ts.
 */
const { values } = parseArgs({
  options: {
    dir: { type: "string" },
    http: { type: "boolean", default: false },
    "read-only": { type: "boolean", default: false },
    dial: { type: "string", default: "when_due" },
    set: { type: "string", multiple: true, default: [] },
    "log-level": { type: "string", default: "info" },
  },
});
const dir = values.dir;
const dial = dials.find((known) => known === values.dial);
if (dir === undefined || dial === undefined) {
  process.stderr.write(
    `usage: run-daemon --dir DIR [--http] [--read-only] [--dial ${dials.join("|")}] [--set KEY=VALUE]... [--log-level LEVEL]\n`,
  );
  process.exit(2);
}
const logFile = openLogFile(join(dir, "daemon.log"), { name: "daemon", level: values["log-level"] });
await runProcess("daemon", logFile, () =>
  createDaemon({
    dir,
    clock: systemClock,
    log: logFile.log,
    http: values.http,
    readOnly: values["read-only"],
    dial,
    overrides: settingOverrides("daemon", process.env, fromSetArguments(values.set)),
  }),
);
