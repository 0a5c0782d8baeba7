import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { acquireLock, LockedError } from "../base/lock-file.ts";
import type { Log } from "../base/log.ts";
import type { Service } from "../base/service.ts";
import { DatabaseRefused, sqliteCode } from "../base/sqlite-database.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { maxAgeHours } from "../protocol/features.ts";
import type { FeatureParams } from "../protocol/frames.ts";
import { rfc3339 } from "../protocol/time.ts";
import { type Config, readConfig } from "./config.ts";
import { type Identity, readIdentity } from "./identity/member.ts";
import { makePrivateDirectory } from "./identity/private-file.ts";
import { createInbox } from "./inbox/inbox.ts";
import { createLink, windowFact } from "./link/link.ts";
import { apiRoutes } from "./localapi/routes.ts";
import { socketPathFor } from "./localapi/runtime-folder.ts";
import { createLocalApi, type LocalApi } from "./localapi/server.ts";
import { openLocalToken } from "./localapi/token.ts";
import { createDaemonMetrics, databaseBytes, type DaemonMetrics, linkCounters } from "./metrics.ts";
import { createOutbox } from "./outbox/outbox.ts";
import { type OutboxRow, stages } from "./outbox/row.ts";
import { sealNone } from "./outbox/seal-none.ts";
import type { Inbox, Link, Outbox } from "./parts.ts";
import { readProgramVersion } from "./program-version.ts";
import { removeRuntimeFile, writeRuntimeFile } from "./runtime-file.ts";
import { checkSchemaVersion, schemaVersion } from "./schema-version.ts";
import { createUpkeep } from "./upkeep/upkeep.ts";

export interface DaemonOptions {
  /** `<home>/daemon/<slug>`, holding a member (identity/member.ts). */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Listen on 127.0.0.1 as well. */
  readonly http: boolean;
}

/** One member's daemon. What is known only while it runs throws `not_running` otherwise. */
export interface Daemon extends Service {
  readonly socketPath: string;
  readonly httpPort: number | null;
  readonly memberId: string;
  /** Resolves when the daemon ends without `stop` being called: null when asked over its API, else why. */
  readonly ended: Promise<DaemonEnd | null>;
}

/** `kind` is an error code or a close kind; the process exits with the code that exit-codes.ts has for it. */
export interface DaemonEnd {
  readonly kind: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/**
 * Composes the parts. Start: lock, identity, inbox, outbox, local API, and last the link, which never blocks: a daemon
 * whose broker is away takes, keeps and shows messages. Stop goes backwards and lets requests under way finish.
 */
export function createDaemon(options: DaemonOptions): Daemon {
  const ended = Promise.withResolvers<DaemonEnd | null>();
  let running: Running | null = null;
  let starting: Promise<void> | null = null;
  let stopping: Promise<void> | null = null;
  const live = (): Running => {
    if (running !== null) return running;
    throw new ClaudemeshError("not_running", "the daemon has not started");
  };
  return {
    start() {
      starting ??= startParts(options, (end) => ended.resolve(end)).then((parts) => {
        running = parts;
      });
      return starting;
    },
    stop() {
      stopping ??= (async () => {
        await starting?.catch(() => undefined);
        await running?.stop();
      })();
      return stopping;
    },
    get socketPath() {
      return live().api.socketPath;
    },
    get httpPort() {
      return live().api.httpPort;
    },
    get memberId() {
      return live().identity.memberId;
    },
    ended: ended.promise,
  };
}

interface Running {
  readonly identity: Identity;
  readonly api: LocalApi;
  stop(): Promise<void>;
}

interface Parts {
  readonly identity: Identity;
  readonly config: Config;
  readonly metrics: DaemonMetrics;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly link: Link;
}

async function startParts(options: DaemonOptions, end: (why: DaemonEnd | null) => void): Promise<Running> {
  const { dir, log, clock } = options;
  const undo: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    if (!existsSync(dir)) throw new ClaudemeshError("invalid_config", `${dir} does not exist`, { hint: "claudemesh up" });
    makePrivateDirectory(dir);
    const lock = takeLock(dir);
    undo.push(() => lock.release());
    checkSchemaVersion(dir);
    const config = readConfig(join(dir, "config.toml"));
    const identity = readIdentity(dir);
    const parts = createParts(options, config, identity, end);
    for (const service of [parts.inbox, parts.outbox, createUpkeep({ ...parts, clock, log })]) {
      undo.push(() => service.stop());
      await service.start();
    }
    refuseMaxAge(parts.inbox, config);
    const api = createApi(options, parts, () => end(null));
    undo.push(() => removeRuntimeFile(dir), () => api.stop());
    await api.start();
    undo.push(() => parts.link.stop());
    await parts.link.start();
    log.info({ member: identity.mesh.member_name, mesh: identity.mesh.slug, socket: api.socketPath, http_port: api.httpPort }, "the daemon takes messages");
    return { identity, api, stop: () => stopRunning(api, stop) };
  } catch (thrown) {
    await stop();
    throw explain(thrown);
  }
}

/**
 * An age above the broker's dedupe window could send a message twice. The window last negotiated is on disk, so that
 * this is found out at once and not only when the broker is reached.
 */
function refuseMaxAge(inbox: Inbox, config: Config): void {
  const kept = inbox.fact(windowFact);
  const dedupe = kept === null ? null : (JSON.parse(kept) as Record<string, unknown> | null);
  if (dedupe !== null) maxAgeHours(dedupe, config.outbox.max_age_hours_override);
}

/** New requests are refused before anything closes: those under way still have every part they need. */
async function stopRunning(api: LocalApi, stop: () => Promise<void>): Promise<void> {
  api.refuse();
  await stop();
}

function takeLock(dir: string): { release(): void } {
  try {
    return acquireLock(join(dir, "daemon.lock"));
  } catch (thrown) {
    if (!(thrown instanceof LockedError)) throw thrown;
    throw new ClaudemeshError("already_running", `another daemon runs on ${dir}`, { hint: "claudemesh status", cause: thrown });
  }
}

function createParts(options: DaemonOptions, config: Config, identity: Identity, end: (why: DaemonEnd) => void): Parts {
  const { dir, clock, log } = options;
  const { mesh } = identity;
  const paths = { outbox: join(dir, "outbox.db"), inbox: join(dir, "inbox.db") };
  const bytesMax = config.outbox.disk_bytes_max;
  const metrics = createDaemonMetrics(mesh.slug, () => ({
    connected: () => link.state().state === "connected",
    outboxDepth: () => outbox.counts(),
    outboxAgeMs: () => outbox.oldestPendingAgeMs(),
    disk: () => Object.entries(paths).map(([kind, path]) => ({ kind, bytes: databaseBytes(path), bytesMax })),
  }));
  const diskFailed = (error: unknown): void =>
    end({ kind: "store_unavailable", message: `the disk failed during a commit: ${String(error)}`, hint: "look at the disk, then: claudemesh up" });

  const inbox = createInbox({ path: paths.inbox, memberId: identity.memberId, memberName: mesh.member_name, clock, log, fatal: diskFailed });
  const outbox: Outbox = createOutbox({
    path: paths.outbox, meshId: mesh.mesh_id, memberId: identity.memberId, clock, log, diskBytesMax: bytesMax,
    seal: (row, body) => sealNone(row, body, {
      meshId: mesh.mesh_id, memberId: identity.memberId, keyId: identity.keyId, privateKey: identity.signingKey,
      fingerprintVersion: () => wireFingerprintVersion(link.negotiated()),
    }),
    voidIds: (wireIds) => link.voidIds(wireIds),
    onStages: (rows) => inbox.addEvents(rows.map(receiptEvent), clock.now()),
    onPressure: (used) => {
      log.warn(used, used.high ? "the outbox is filling up" : "the outbox has room again");
      inbox.addEvents([{ event: "outbox_pressure", data: { bytes: used.bytes, bytes_max: used.bytesMax, high: used.high } }], clock.now())
        .catch((error: unknown) => log.warn({ err: error }, "the pressure event could not be stored"));
    },
    fatal: diskFailed,
  });
  const link: Link = createLink({
    mesh, identity, outbox, inbox, clock, log, clientVersion: readProgramVersion(),
    requireFeatures: config.features.require, maxAgeHoursOverride: config.outbox.max_age_hours_override,
    count: linkCounters(metrics),
    onFatal: (kind, message) => end({ kind, message, hint: hints[kind] }),
  });
  return { identity, config, metrics, inbox, outbox, link };
}

function createApi(options: DaemonOptions, parts: Parts, requestStop: () => void): LocalApi {
  const { dir, clock, log } = options;
  const { identity, config, metrics } = parts;
  const startedAt = rfc3339(clock.now());
  const socketPath = socketPathFor(dir, process.env);
  const { routes, endStreams } = apiRoutes({
    ...parts, clock,
    self: { memberId: identity.memberId, name: identity.mesh.member_name },
    meshId: identity.mesh.mesh_id, meshSlug: identity.mesh.slug,
    programVersion: readProgramVersion(), schemaVersion, sqliteVersion: process.versions["sqlite"] ?? "unknown", startedAt,
    metrics: async () => ({ text: await metrics.registry.metrics(), contentType: metrics.registry.contentType }),
    observe({ kind, status, duplicate }) {
      metrics.send.inc({ kind, status });
      if (duplicate) metrics.dedupe.inc({ direction: "out" });
    },
    requestStop,
  });
  return createLocalApi({
    routes, socketPath, endStreams, clock, log,
    token: options.http ? openLocalToken(dir) : null,
    allowedOrigins: config.local_api.allowed_origins,
    publicHealthCheck: config.local_api.public_health_check,
    observe({ endpoint, status, transport, seconds }) {
      metrics.ipcRequests.inc({ endpoint, status, transport });
      metrics.ipcSeconds.observe({ endpoint }, seconds);
    },
    announce: (httpPort) => writeRuntimeFile(dir, { pid: process.pid, http_port: httpPort, socket: socketPath, started_at: startedAt }),
  });
}

/** What listeners are told of a row: the newest stage that is true, and why it ended if it did not get there. */
function receiptEvent(row: OutboxRow): { event: "receipt"; data: Record<string, unknown> } {
  const newest = stages(row).at(-1);
  return {
    event: "receipt",
    data: {
      client_message_id: row.client_message_id,
      outbox_id: row.id,
      status: row.status,
      ...(newest === undefined ? {} : { stage: newest.stage, at: rfc3339(newest.at) }),
      ...(row.reached === null || row.reached_of === null ? {} : { delivered_to: { reached: row.reached, of: row.reached_of } }),
      ...(row.last_error === null ? {} : { last_error: JSON.parse(row.last_error) as unknown }),
    },
  };
}

/** The newest version that the broker said it recomputes; rows are sealed only while a link is up. */
function wireFingerprintVersion(negotiated: Readonly<Record<string, FeatureParams>> | null): 1 | 2 {
  const dedupe = negotiated?.["client_message_id_dedupe"];
  if (dedupe === undefined) return 2;
  const names: unknown = dedupe["fingerprint_versions"];
  return dedupe.version >= 2 && Array.isArray(names) && names.includes("sha256-jcs-v2") ? 2 : 1;
}

/** What helps when the link has ended for good, by kind. */
const hints: Readonly<Record<string, string>> = {
  auth_failed: "the broker does not know this member, or is not the one that was pinned: claudemesh status names its address",
  replaced_by_newer_connection: "another daemon uses this member's keys: stop it, or give this home a member of its own",
  member_already_connected: "another daemon uses this member's keys: stop it, or give this home a member of its own",
  member_revoked: "ask an admin of the mesh; what was received stays readable in this directory",
  feature_unavailable: "upgrade the broker, or take the feature out of [features] require in config.toml",
  feature_param_invalid: "upgrade the older of broker and daemon",
  feature_param_below_floor: "the broker's operator has to keep dedupe records for three days or more",
  outbox_max_age_above_dedupe_window: "lower [outbox] max_age_hours_override in config.toml",
};

/** SQLite's codes for a file that is damaged, and for one that is no database. */
const corruptCodes = [11, 26];

function explain(thrown: unknown): unknown {
  if (corruptCodes.includes(sqliteCode(thrown) ?? 0)) {
    return new ClaudemeshError("store_corrupt", `a database of the daemon is damaged: ${String(thrown)}`, {
      hint: "keep a copy of outbox.db and inbox.db before anything else is tried with them", cause: thrown,
    });
  }
  if (!(thrown instanceof DatabaseRefused)) return thrown;
  switch (thrown.reason) {
    case "newer":
    case "changed":
      return new ClaudemeshError("schema_newer", thrown.message, { hint: "run the version of claudemesh that wrote it, or a later one", cause: thrown });
    case "corrupt":
      return new ClaudemeshError("store_corrupt", thrown.message, { hint: "keep a copy of the file before anything else is tried with it", cause: thrown });
    case "library":
      return new ClaudemeshError("invalid_config", thrown.message, { hint: "run it with Node 24.15 or later", cause: thrown });
  }
}
