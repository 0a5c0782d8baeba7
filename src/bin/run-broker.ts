import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { brokerProgram } from "./broker-program.ts";
import { openLogFile } from "./log-file.ts";
import { runProcess } from "./run-process.ts";
import { fromSetArguments } from "./setting-overrides.ts";

/**
 * The broker's process: `run-broker --data-dir DIR [--host 127.0.0.1] [--port 0] [--expose HOST:PORT [--tls-cert F
 * --tls-key F]] [--set KEY=VALUE]... [--log-level info]`. Logs to broker.log in that directory and reads its config.toml; DATABASE_URL, REDIS_URL and
 * CLAUDEMESH_DEPLOYMENT_DIR say what it shares with other brokers. Ready when its admin socket answers. SIGTERM and SIGINT stop it in
 * good order. Exit codes: exit-codes.ts.
 */
const { values } = parseArgs({
  options: {
    "data-dir": { type: "string" },
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "0" },
    expose: { type: "string" },
    "tls-cert": { type: "string" },
    "tls-key": { type: "string" },
    set: { type: "string", multiple: true, default: [] },
    "log-level": { type: "string", default: "info" },
  },
});
const dataDir = values["data-dir"];
const port = Number(values.port);
if (dataDir === undefined || !/^\d{1,5}$/.test(values.port) || port > 65_535) {
  process.stderr.write(
    "usage: run-broker --data-dir DIR [--host ADDRESS] [--port NUMBER] [--expose HOST:PORT] [--tls-cert FILE --tls-key FILE] [--set KEY=VALUE]... [--log-level LEVEL]\n",
  );
  process.exit(2);
}
mkdirSync(dataDir, { recursive: true, mode: 0o700 });
const logFile = openLogFile(join(dataDir, "broker.log"), { name: "broker", level: values["log-level"] });
const place = {
  dataDir,
  host: values.host,
  port,
  expose: values.expose ?? null,
  tlsCert: values["tls-cert"] ?? null,
  tlsKey: values["tls-key"] ?? null,
  set: fromSetArguments(values.set),
};
await runProcess("broker", logFile, () => brokerProgram(place, process.env, logFile.log));
