import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../base/clock.ts";
import { createDaemon } from "../daemon/daemon.ts";
import { dials } from "../daemon/link/link.ts";
import { keepLastWords, removeFolder } from "./ephemeral/ended-folder.ts";
import { readHandedOver } from "./ephemeral/handed-over.ts";
import { readLaunchRecord } from "./launch-record.ts";
import { openLogFile } from "./log-file.ts";
import { type Program, runProcess } from "./run-process.ts";

/**
 * The daemon's process: `run-daemon --dir <home>/daemon/<slug> [--http] [--read-only] [--dial when_due] [--ephemeral] [--log-level info]`. Logs to
 * daemon.log in that directory; ready when its socket answers. SIGTERM and SIGINT stop it in good order. `--ephemeral`: its keys come on
 * standard input (ephemeral/handed-over.ts), and the directory goes with it. Exit codes: exit-codes.ts.
 */
const { values } = parseArgs({
  options: {
    dir: { type: "string" },
    http: { type: "boolean", default: false },
    "read-only": { type: "boolean", default: false },
    dial: { type: "string", default: "when_due" },
    ephemeral: { type: "boolean", default: false },
    "log-level": { type: "string", default: "info" },
  },
});
const dial = dials.find((known) => known === values.dial);
if (values.dir === undefined || dial === undefined) {
  process.stderr.write(
    `usage: run-daemon --dir DIR [--http] [--read-only] [--dial ${dials.join("|")}] [--ephemeral] [--log-level LEVEL]\n`,
  );
  process.exit(2);
}
const dir = resolve(values.dir);
const logFile = openLogFile(join(dir, "daemon.log"), { name: "daemon", level: values["log-level"] });
const common = { dir, clock: systemClock, log: logFile.log, http: values.http, dial };

async function create(): Promise<Program> {
  for (const { setting, value, because, override } of readLaunchRecord(dir).decisions)
    logFile.log.info({ setting, value, because, override }, "decided at the start");
  if (!values.ephemeral) return createDaemon({ ...common, readOnly: values["read-only"] });
  const daemon = createDaemon({ ...common, ephemeral: await readHandedOver(process.stdin) });
  return Object.assign(daemon, {
    clear: (end: unknown) => (end === null ? removeFolder(dir) : keepLastWords(dir)),
  });
}

await runProcess("daemon", logFile, create);
