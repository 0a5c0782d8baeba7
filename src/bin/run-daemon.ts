import { parseArgs } from "node:util";
import { dials } from "../daemon/link/link.ts";
import { runDaemonHere } from "./run-daemon-here.ts";
import { fromSetArguments } from "./setting-overrides.ts";

/**
 * The daemon's process: `run-daemon --dir <home>/daemon/<slug> [--http] [--read-only] [--dial when_due] [--set KEY=VALUE]... [--log-level info]
 * [--log-to file]`. Logs to daemon.log in that directory, or to stderr; ready when its socket answers. SIGTERM and SIGINT stop it in good order. Exit codes: exit-codes.ts.
 */
const { values } = parseArgs({
  options: {
    dir: { type: "string" },
    http: { type: "boolean", default: false },
    "read-only": { type: "boolean", default: false },
    dial: { type: "string", default: "when_due" },
    set: { type: "string", multiple: true, default: [] },
    "log-level": { type: "string", default: "info" },
    "log-to": { type: "string", default: "file" },
  },
});
const dir = values.dir;
const dial = dials.find((known) => known === values.dial);
const logTo = (["file", "stderr"] as const).find((known) => known === values["log-to"]);
if (dir === undefined || dial === undefined || logTo === undefined) {
  process.stderr.write(
    `usage: run-daemon --dir DIR [--http] [--read-only] [--dial ${dials.join("|")}] [--set KEY=VALUE]... [--log-level LEVEL] [--log-to file|stderr]\n`,
  );
  process.exit(2);
}
const { http, "read-only": readOnly, "log-level": logLevel } = values;
await runDaemonHere({ dir, http, readOnly, dial, logTo, logLevel, set: fromSetArguments(values.set) });
