import { memberInfo } from "./link/member-info.ts";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { acquireLock, type HeldLock, LockedError } from "../base/lock-file.ts";
import { readProgramVersion } from "../base/program-version.ts";
import { socketPathFor } from "../http/socket-path.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { createFingerprintPolicy, knownFingerprints } from "./accept/fingerprint-policy.ts";
import type { BrokerEnd, BrokerOptions } from "./broker.ts";
import { writeBrokerFile } from "./broker-file.ts";
import { type BrokerLimits, databaseBrokerLimits, defaultBrokerLimits } from "./broker-limits.ts";
import { calmLog } from "./calm-log.ts";
import { composeLinkParts } from "./compose-link-parts.ts";
import { type DeploymentKey, loadDeploymentKey } from "./deployment-key.ts";
import { createApiKeyCheck } from "./direct/api-key-check.ts";
import { chooseBus } from "./fleet/choose-bus.ts";
import type { BlobStore } from "./files/blob-store.ts";
import { createBlobs } from "./files/blobs.ts";
import { chooseBlobStore, defaultFilesPlace } from "./files/choose-blob-store.ts";
import { createFleet, type Fleet } from "./fleet/fleet.ts";
import { adminRoutes } from "./http/admin-routes.ts";
import { type AdminServer, createAdminServer } from "./http/admin-server.ts";
import { publicRoutes } from "./http/public-routes.ts";
import { createPublicServer } from "./http/public-server.ts";
import { chooseLimiter } from "./limit/choose-limiter.ts";
import { checkFeatureParams } from "./link/feature-params.ts";
import type { DedupeSetting, LinkParts } from "./link/link-parts.ts";
import { createLinkServer, type LinkServer } from "./link/link-server.ts";
import { type Listeners, openListeners } from "./listen/listeners.ts";
import { printOf } from "./listen/reach.ts";
import { createBrokerMetrics } from "./metrics.ts";
import { checkStoreChoice, openStore, wasUsed } from "./open-store.ts";
import type { BrokerStore } from "./store/store.ts";
import { createUndo, type Undo } from "./undo.ts";
import { createUpkeep, type Upkeep } from "./upkeep/upkeep.ts";

export interface RunningBroker {
  readonly listeners: Listeners;
  readonly adminSocket: string;
  readonly key: DeploymentKey;
  stop(): Promise<void>;
}

/** How long what is kept: of records, and of messages. */
export interface Kept {
  readonly dedupe: DedupeSetting;
  readonly messageRetentionDays: number;
}

/** Starts everything that a broker is made of, each part before those that use it. One that fails gives back what the others took. */
export async function startBroker(
  options: BrokerOptions,
  kept: Kept,
  end: (why: BrokerEnd | null) => void,
): Promise<RunningBroker> {
  const { dataDir } = options;
  const log = calmLog(options.log, options.clock);
  const deploymentDir = options.deploymentDir ?? dataDir;
  for (const folder of [dataDir, deploymentDir]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = lockDataDir(dataDir);
  const undo = createUndo();
  undo.push(() => lock.release());
  try {
    return await startParts({ ...options, log, deploymentDir }, kept, undo, end);
  } catch (thrown) {
    await undo
      .run()
      .catch((error: unknown) => log.warn({ error: String(error) }, "not all of a failed start was undone"));
    throw thrown;
  }
}

type StartOptions = BrokerOptions & { readonly deploymentDir: string };

async function startParts(
  options: StartOptions,
  kept: Kept,
  undo: Undo,
  end: (why: BrokerEnd | null) => void,
): Promise<RunningBroker> {
  const { dataDir, log } = options;
  let listeners: Listeners | null = null;
  const { linkParts, fleet, blobStore } = await startFleet(options, kept, undo, () => listeners, end);
  const { key } = linkParts;
  const links = createLinkServer(linkParts);
  const drain = createDrain(links, linkParts);
  const opened = await openPublic(options, { links, linkParts, blobStore, drain }, (open) => {
    listeners = open;
  });
  undo.push(() => opened.close());
  // A listener ends when its links have: of what there is from here on, links come to their end first.
  undo.push(drain.run);
  const upkeep = upkeepOf(linkParts, blobStore, kept, fleet);
  await upkeep.start();
  undo.push(() => upkeep.stop());
  const adminSocket = socketPathFor(dataDir, "admin.sock", process.env);
  const admin = adminOf(linkParts, { upkeep, opened, shutdown: () => end(null) });
  await admin.listen(adminSocket);
  undo.push(() => admin.close());
  undo.push(drain.run);
  const { url, exposed } = opened;
  writeBrokerFile(dataDir, {
    port: opened.port,
    exposed_port: exposed?.port ?? null,
    exposed_url: exposed?.url ?? null,
    broker_id: key.brokerId,
    url,
    admin_socket: adminSocket,
  });
  log.info({ url, exposed, broker_id: key.brokerId, admin_socket: adminSocket }, "broker started");
  return {
    listeners: opened,
    adminSocket,
    key,
    async stop() {
      await undo.run();
      log.info({ broker_id: key.brokerId }, "broker stopped");
    },
  };
}

/** All that serves links, and what this broker has to do with others; nobody can reach it yet. */
async function startFleet(
  options: StartOptions,
  kept: Kept,
  undo: Undo,
  listeners: () => Listeners | null,
  end: (why: BrokerEnd) => void,
): Promise<{ readonly linkParts: LinkParts; readonly fleet: Fleet; readonly blobStore: BlobStore | null }> {
  const { dataDir, clock, log } = options;
  const limits = limitsOf(options);
  if (options.store === undefined) checkStoreChoice(dataDir, options.databaseUrl ?? null);
  const key = loadDeploymentKey(join(options.deploymentDir, "deployment_key.json"), {
    isFirstStart: !wasUsed(dataDir),
    now: clock.now(),
  });
  const metrics = createBrokerMetrics();
  const store = await storeOf(options, key, kept);
  undo.push(() => store.stop());
  const place = options.files ?? defaultFilesPlace;
  const blobStore = chooseBlobStore({ place, dataDir, shared: store.shared !== null, limits, log });
  undo.push(async () => blobStore?.stop());
  await blobStore?.start();
  const redisUrl = options.redisUrl ?? null;
  let fleet: Fleet | null = null;
  const liveBrokers = (): number => fleet?.liveBrokers() ?? 1;
  const limiter = chooseLimiter({ redisUrl, liveBrokers, clock, log, metrics, limits });
  undo.push(() => limiter.stop());
  await limiter.start();
  const bus = chooseBus({ redisUrl, shared: store.shared !== null, key, clock, log, metrics, limits });
  undo.push(() => bus.stop());
  const fingerprints = createFingerprintPolicy({
    store,
    offered: options.fingerprintVersions ?? knownFingerprints,
    dedupe: kept.dedupe,
    clock,
    log,
  });
  undo.push(() => fingerprints.stop());
  await fingerprints.start();

  const linkParts = composeLinkParts({
    store,
    clock,
    log,
    metrics,
    // Without a place for files a daemon is told of none larger than a message may be anyway.
    limits: blobStore === null ? { ...limits, fileBytesMax: limits.inlineBytes } : limits,
    limiter,
    bus,
    key,
    dedupe: kept.dedupe,
    fingerprints,
    features: options.features,
    behindProxy: (options.publicUrl ?? null) !== null,
    listeners,
    fatal: (error) => end({ kind: error.code, message: error.message, hint: error.hint }),
  });
  checkFeatureParams(linkParts);
  const others = createFleet(linkParts);
  fleet = others;
  undo.push(() => others.stop());
  await others.start();
  return { linkParts, fleet: others, blobStore };
}

function limitsOf({ databaseUrl = null, limits }: StartOptions): BrokerLimits {
  return { ...defaultBrokerLimits, ...(databaseUrl === null ? {} : databaseBrokerLimits), ...limits };
}

/** The end of the links: what they have in hand is answered, and daemons hear that they may dial again. */
interface Drain {
  /** It has begun: no traffic is wanted any more. */
  begun(): boolean;
  /** Once; later calls wait for the same. */
  run(): Promise<void>;
}

function createDrain(links: LinkServer, { progress, queues, accepter, clock, limits }: LinkParts): Drain {
  let running: Promise<void> | null = null;

  async function drain(): Promise<void> {
    links.drain();
    progress.stop();
    queues.stop();
    await within(limits.stopMs / 2, clock, accepter.stop());
    await within(limits.stopMs / 2, clock, links.stop());
    links.abandon();
  }
  return { begun: () => running !== null, run: () => (running ??= drain()) };
}

/** `open` is told before anything that comes in may ask where this broker listens. */
async function openPublic(
  options: StartOptions,
  {
    links,
    linkParts,
    blobStore,
    drain,
  }: { links: LinkServer; linkParts: LinkParts; blobStore: BlobStore | null; drain: Drain },
  open: (listeners: Listeners) => void,
): Promise<Listeners> {
  const { store, clock, log, metrics, limits } = linkParts;
  const listening = Promise.withResolvers<void>();
  const apiKeys = createApiKeyCheck({ store, clock, log, metrics, limits });
  const blobs = blobStore === null ? null : createBlobs({ ...linkParts, blobStore });
  const programVersion = readProgramVersion();
  const routesOf = (certificatePrint: string | null) =>
    publicRoutes({
      programVersion,
      join: { ...linkParts, certificatePrint, listening: listening.promise },
      direct: { ...linkParts, apiKeys },
      files: { ...linkParts, listening: listening.promise, blobs },
      metrics: certificatePrint === null || options.publicMetrics === true ? metrics : null,
      async ready() {
        if (drain.begun()) throw new ClaudemeshError("stopping", "The broker is stopping.");
        await store.ping();
      },
    });
  const listeners = await openListeners({
    dataDir: options.dataDir,
    deploymentDir: options.deploymentDir,
    listen: options.listen,
    expose: options.expose ?? null,
    authorities: options.authorities ?? [],
    publicUrl: options.publicUrl ?? null,
    now: clock.now(),
    createServer(certificate) {
      const certificatePrint = certificate === null ? null : printOf(certificate);
      return createPublicServer({
        routes: routesOf(certificatePrint),
        upgrade: (request, socket, head) => links.upgrade(request, socket, head, certificatePrint),
        clock,
        log,
        certificate,
        bodyBytesMax: limits.publicBodyBytesMax,
        connectionsMax: limits.connectionsMax,
      });
    },
  });
  open(listeners);
  listening.resolve();
  return listeners;
}

function upkeepOf(linkParts: LinkParts, blobStore: BlobStore | null, kept: Kept, fleet: Fleet): Upkeep {
  const { store, clock, log, metrics, limits, notices, news, bus } = linkParts;
  return createUpkeep({
    store,
    blobStore,
    limits,
    clock,
    log,
    metrics,
    messageRetentionDays: kept.messageRetentionDays,
    // Of several brokers one does what the clock calls for; what it is asked for, each does.
    due: () => fleet.eldest(),
    expired(row) {
      const { mesh_id, member_id, name } = row;
      log.info({ audit: "member_expired", mesh_id, member_id, name }, "an ephemeral member was not there for long");
      const member = memberInfo(row, clock.now(), limits.presenceLeaseMs);
      news.tell(mesh_id, { type: "event", event: "member_left", member });
    },
    noticed(meshId, memberId) {
      void notices.tell(meshId, memberId);
      bus.publish({ kind: "owed", mesh_id: meshId, member_id: memberId });
    },
  });
}

function adminOf(
  { store, news, membership, registry, key, clock, log, limits }: LinkParts,
  { upkeep, opened, shutdown }: { upkeep: Upkeep; opened: Listeners; shutdown: () => void },
): AdminServer {
  const { url, exposed } = opened;
  return createAdminServer({
    routes: adminRoutes({
      programVersion: readProgramVersion(),
      store,
      news,
      membership,
      clock,
      log,
      leaseMs: limits.presenceLeaseMs,
      shutdown,
      upkeep,
      status: () => ({
        broker_id: key.brokerId,
        broker_key: key.publicKeyHex,
        url,
        exposed,
        pid: process.pid,
        links: registry.count(),
      }),
    }),
    clock,
    log,
    bodyBytesMax: limits.adminBodyBytesMax,
  });
}

async function storeOf(options: BrokerOptions, key: DeploymentKey, kept: Kept): Promise<BrokerStore> {
  if (options.store === undefined)
    return openStore({ ...options, ...kept, databaseUrl: options.databaseUrl ?? null }, key);
  await options.store.start();
  return options.store;
}

function lockDataDir(dataDir: string): HeldLock {
  try {
    return acquireLock(join(dataDir, "broker.lock"));
  } catch (thrown) {
    if (!(thrown instanceof LockedError)) throw thrown;
    throw new ClaudemeshError("already_running", `Another broker runs on ${dataDir}.`, {
      hint: "claudemesh status",
      cause: thrown,
    });
  }
}

/** What does not end in time is left behind: the process ends and its sockets with it. */
async function within(ms: number, clock: Clock, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = clock.after(ms, late.resolve);
  await Promise.race([work, late.promise]);
  timer.cancel();
}
