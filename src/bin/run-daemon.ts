import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { dials } from "../daemon/link/link.ts";
import { runDaemonHere } from "./run-daemon-here.ts";
import { fromSetArguments } from "./setting-overrides.ts";

/**
 * The daemon's process: `run-daemon --dir <home>/daemon/<slug> [--http] [--read-only] [--dial when_due] [--ephemeral] [--set KEY=VALUE]...
 * [--log-level info] [--log-to file]`. Logs to daemon.log in that directory, or to stderr; ready when its socket answers. SIGTERM and SIGINT stop it in good order. `--ephemeral`: its
 * keys come on standard input (ephemeral/handed-over.ts), and the directory goes with it. Exit codes: exit-codes.ts.
 */
const { values } = parseArgs({
  options: {
    dir: { type: "string" },
    http: { type: "boolean", default: false },
    "read-only": { type: "boolean", default: false },
    dial: { type: "string", default: "when_due" },
    ephemeral: { type: "boolean", default: false },
    set: { type: "string", multiple: true, default: [] },
    "log-level": { type: "string", default: "info" },
    "log-to": { type: "string", default: "file" },
  },
});
const dial = dials.find((known) => known === values.dial);
const logTo = (["file", "stderr"] as const).find((known) => known === values["log-to"]);
if (values.dir === undefined || dial === undefined || logTo === undefined) {
  process.stderr.write(
    `usage: run-daemon --dir DIR [--http] [--read-only] [--dial ${dials.join("|")}] [--ephemeral] [--set KEY=VALUE]... [--log-level LEVEL] [--log-to file|stderr]\n`,
  );
  process.exit(2);
}
const { http, ephemeral, "read-only": readOnly, "log-level": logLevel } = values;
await runDaemonHere({
  dir: resolve(values.dir),
  http,
  readOnly,
  dial,
  ephemeral,
  logTo,
  logLevel,
  set: fromSetArguments(values.set),
});
