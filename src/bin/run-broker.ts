import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../base/clock.ts";
import { createBroker } from "../broker/broker.ts";
import { readBrokerConfig } from "../broker/config.ts";
import { readCertificate } from "../broker/listen/given-certificate.ts";
import { openLogFile } from "./log-file.ts";
import { parseListen } from "../protocol/listen-address.ts";
import { runProcess } from "./run-process.ts";

/**
 * The broker's process: `run-broker --data-dir DIR [--host 127.0.0.1] [--port 0] [--expose HOST:PORT [--tls-cert F
 * --tls-key F]] [--log-level info]`. Logs to broker.log in that directory and reads its config.toml; ready when its admin
 * socket answers. SIGTERM and SIGINT stop it in good order. Exit codes: exit-codes.ts.
 */
const { values } = parseArgs({
  options: {
    "data-dir": { type: "string" },
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "0" },
    expose: { type: "string" },
    "tls-cert": { type: "string" },
    "tls-key": { type: "string" },
    "log-level": { type: "string", default: "info" },
  },
});
const dataDir = values["data-dir"];
const port = Number(values.port);
if (dataDir === undefined || !/^\d{1,5}$/.test(values.port) || port > 65_535) {
  process.stderr.write(
    "usage: run-broker --data-dir DIR [--host ADDRESS] [--port NUMBER] [--expose HOST:PORT] [--tls-cert FILE --tls-key FILE] [--log-level LEVEL]\n",
  );
  process.exit(2);
}
mkdirSync(dataDir, { recursive: true, mode: 0o700 });
const logFile = openLogFile(join(dataDir, "broker.log"), { name: "broker", level: values["log-level"] });
await runProcess("broker", logFile, () => {
  const { listen, link, rate_limit, retention } = readBrokerConfig(join(dataDir, "config.toml"));
  return createBroker({
    dataDir,
    listen: { host: values.host, port },
    expose:
      values.expose === undefined
        ? null
        : {
            ...parseListen(values.expose, "--expose"),
            certificate: readCertificate(values["tls-cert"] ?? null, values["tls-key"] ?? null),
          },
    authorities: listen.authorities,
    publicMetrics: listen.public_metrics,
    publicUrl: listen.public_url === "" ? null : listen.public_url,
    limits: {
      pingIntervalMs: link.ping_seconds * 1_000,
      silenceMs: link.silence_seconds * 1_000,
      memberRate: rate_limit.member_per_second,
      memberBurst: rate_limit.member_burst,
      meshRate: rate_limit.mesh_per_second,
      meshBurst: rate_limit.mesh_burst,
    },
    messageRetentionDays: retention.message_days,
    dedupe: { mode: retention.dedupe_mode, retentionDays: retention.dedupe_days },
    clock: systemClock,
    log: logFile.log,
  });
});
