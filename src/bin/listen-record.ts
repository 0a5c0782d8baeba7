import { join, resolve } from "node:path";
import { writeFileAtomic } from "../base/atomic-file.ts";
import { readCertificate } from "../broker/listen/given-certificate.ts";
import type { ListenRequest, SetRequest } from "../cli/launcher.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { parseListen } from "../protocol/listen-address.ts";
import { isLoopback } from "../protocol/loopback.ts";
import type { BrokerPlace } from "./broker-program.ts";
import { readRecord } from "./json-record.ts";
import { changedSets, checkSets, readSetRecord, setArguments, type SetRecord } from "./setting-overrides.ts";

/** Where a broker was asked to listen (listen.json), so that the next start without options listens there again. */
export interface ListenRecord {
  /** Loopback port without TLS; null: one that is free at the first start, and kept from then on. */
  readonly local_port: number | null;
  /** `host:port` for other hosts, with TLS; null: none. */
  readonly expose: string | null;
  /** Files of the operator's certificate; null: the broker's own. */
  readonly tls_cert: string | null;
  readonly tls_key: string | null;
  /** Settings above config.toml and the environment. */
  readonly set: SetRecord;
}

const path = (dataDir: string): string => join(dataDir, "listen.json");
const nowhere = { local_port: null, expose: null, tls_cert: null, tls_key: null };

export function readListenRecord(dataDir: string): ListenRecord {
  const { local_port, expose, tls_cert, tls_key, set } = readRecord(
    path(dataDir),
    "remove the file and run claudemesh broker up with the options you want",
  );
  const string = (field: unknown): string | null => (typeof field === "string" ? field : null);
  return {
    local_port: typeof local_port === "number" ? local_port : null,
    expose: string(expose),
    tls_cert: string(tls_cert),
    tls_key: string(tls_key),
    set: readSetRecord(set),
  };
}

export function writeListenRecord(dataDir: string, record: ListenRecord): void {
  writeFileAtomic(path(dataDir), `${JSON.stringify(record, null, 2)}\n`);
}

/** What `--listen`, `--tls`, `--tls-cert`, `--tls-key` and `--local-only` make of the record. Throws usage or invalid_config. */
export function applyListen(before: ListenRecord, request: ListenRequest): ListenRecord {
  const { listen, tls, tlsCert, tlsKey, localOnly } = request;
  if (localOnly) {
    if (listen !== null || tls || tlsCert !== null || tlsKey !== null)
      throw new ClaudemeshError("usage", "--local-only goes without the other options of listening");
    return { ...before, expose: null, tls_cert: null, tls_key: null };
  }
  const files = { tls_cert: absolute(tlsCert), tls_key: absolute(tlsKey) };
  // Read now, so that a wrong file is told before anything is stopped.
  readCertificate(files.tls_cert, files.tls_key);
  if (listen === null) {
    if (!tls && tlsCert === null) return before;
    if (before.expose === null)
      throw new ClaudemeshError("usage", "the broker listens for this host only, where it needs no TLS", {
        hint: "say where with --listen HOST:PORT",
      });
    return { ...before, ...files };
  }
  const { host, port } = parseListen(listen, "--listen");
  if (isLoopback(host) && !tls && tlsCert === null)
    return { ...before, ...nowhere, local_port: port === 0 ? null : port };
  return {
    ...before,
    local_port: before.local_port === port ? null : before.local_port,
    expose: `${host.includes(":") ? `[${host}]` : host}:${port}`,
    ...files,
  };
}

/** The record as options of listening and `--set` change it. Throws usage or invalid_config. */
export function wantedRecord(record: ListenRecord, request: ListenRequest | null, set: SetRequest): ListenRecord {
  checkSets(set, ["broker"]);
  const listens = request === null ? record : applyListen(record, request);
  return { ...listens, set: changedSets("broker", record.set, set) };
}

/** Where a broker in this process listens. */
export function placeOf(record: ListenRecord): Omit<BrokerPlace, "dataDir"> {
  return {
    host: "127.0.0.1",
    port: record.local_port ?? 0,
    expose: record.expose,
    tlsCert: record.tls_cert,
    tlsKey: record.tls_key,
    set: record.set,
  };
}

/** Arguments of run-broker. */
export function listenArguments(record: ListenRecord): string[] {
  return [
    ...(record.local_port === null ? [] : ["--port", String(record.local_port)]),
    ...(record.expose === null ? [] : ["--expose", record.expose]),
    ...(record.tls_cert === null || record.tls_key === null
      ? []
      : ["--tls-cert", record.tls_cert, "--tls-key", record.tls_key]),
    ...setArguments(record.set),
  ];
}

function absolute(file: string | null): string | null {
  return file === null ? null : resolve(file);
}
