import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { acquireLock, type HeldLock, LockedError } from "../base/lock-file.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { readProgramVersion } from "../base/program-version.ts";
import type { Service } from "../base/service.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { socketPathFor } from "../http/socket-path.ts";
import { writeBrokerFile } from "./broker-file.ts";
import { type BrokerLimits, databaseBrokerLimits, defaultBrokerLimits } from "./broker-limits.ts";
import { chooseBus } from "./fleet/choose-bus.ts";
import { createFleet, type Fleet } from "./fleet/fleet.ts";
import { composeLinkParts } from "./compose-link-parts.ts";
import { defaultBrokerConfig } from "./config.ts";
import { createApiKeyCheck } from "./direct/api-key-check.ts";
import { type DeploymentKey, loadDeploymentKey } from "./deployment-key.ts";
import { adminRoutes } from "./http/admin-routes.ts";
import { createAdminServer } from "./http/admin-server.ts";
import { publicRoutes } from "./http/public-routes.ts";
import { createPublicServer } from "./http/public-server.ts";
import type { DedupeSetting } from "./link/link-parts.ts";
import { chooseLimiter } from "./limit/choose-limiter.ts";
import { type Listeners, type ListenOptions, openListeners } from "./listen/listeners.ts";
import { printOf } from "./listen/reach.ts";
import { createLinkServer } from "./link/link-server.ts";
import { createBrokerMetrics } from "./metrics.ts";
import { openStore, wasUsed } from "./open-store.ts";
import type { BrokerStore } from "./store/store.ts";
import { createUpkeep } from "./upkeep/upkeep.ts";

export interface BrokerOptions {
  /** Created with mode 0700 if absent. Held by one broker at a time. */
  readonly dataDir: string;
  /** What all brokers of a deployment share: its key, and its own certificate. Absent: the data directory. */
  readonly deploymentDir?: string;
  readonly listen: ListenOptions["listen"];
  readonly expose?: ListenOptions["expose"];
  readonly authorities?: readonly string[];
  readonly publicUrl?: string | null;
  /** The address for other hosts shows metrics too. */
  readonly publicMetrics?: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<BrokerLimits>;
  readonly dedupe?: DedupeSetting;
  readonly messageRetentionDays?: number;
  /** Durability tests plant weaker settings of the embedded store here. */
  readonly pragmas?: string;
  /** `postgres://user:password@host:port/database` that brokers share. null: the embedded store in the data directory. */
  readonly databaseUrl?: string | null;
  /** Instead of both; it is started here. */
  readonly store?: BrokerStore;
  /** `redis[s]://[user:password@]host[:port][/database]` where brokers limit rates together. null: this one alone. */
  readonly redisUrl?: string | null;
}

/** One broker. Its addresses are known once it has started. */
export interface Broker extends Service {
  readonly url: string;
  /** null: only this host reaches it. */
  readonly exposed: Listeners["exposed"];
  readonly brokerId: string;
  /** 64 hex characters; what daemons pin. */
  readonly deploymentPublicKey: string;
  readonly adminSocket: string;
  /** Resolves when the broker ends without `stop` being called: null when asked over its admin socket, else why. */
  readonly ended: Promise<BrokerEnd | null>;
}

export interface BrokerEnd {
  readonly kind: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export function createBroker(options: BrokerOptions): Broker {
  const { retention } = defaultBrokerConfig;
  const dedupe = options.dedupe ?? { mode: retention.dedupe_mode, retentionDays: retention.dedupe_days };
  const messageRetentionDays = options.messageRetentionDays ?? retention.message_days;
  if (dedupe.mode === "retention_scoped" && dedupe.retentionDays < messageRetentionDays) {
    throw new ClaudemeshError(
      "invalid_config",
      `Dedupe records are kept ${dedupe.retentionDays} days, messages ${messageRetentionDays}: a kept message would lose its record.`,
      {
        hint: "keep dedupe records at least as long as messages",
      },
    );
  }
  const ended = Promise.withResolvers<BrokerEnd | null>();
  let running: Running | null = null;
  let starting: Promise<void> | null = null;
  let stopping: Promise<void> | null = null;

  function started(): Running {
    if (running === null) throw new ClaudemeshError("not_running", "The broker has not started.");
    return running;
  }

  const broker: Broker = {
    start() {
      starting ??= startBroker(options, dedupe, messageRetentionDays, end).then((parts) => {
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
    get url() {
      return started().listeners.url;
    },
    get exposed() {
      return started().listeners.exposed;
    },
    get brokerId() {
      return started().key.brokerId;
    },
    get deploymentPublicKey() {
      return started().key.publicKeyHex;
    },
    get adminSocket() {
      return started().adminSocket;
    },
    ended: ended.promise,
  };

  function end(why: BrokerEnd | null): void {
    ended.resolve(why);
    void broker.stop();
  }
  return broker;
}

interface Running {
  readonly listeners: Listeners;
  readonly adminSocket: string;
  readonly key: DeploymentKey;
  stop(): Promise<void>;
}

async function startBroker(
  options: BrokerOptions,
  dedupe: DedupeSetting,
  messageRetentionDays: number,
  end: (why: BrokerEnd | null) => void,
): Promise<Running> {
  const { dataDir, clock, log } = options;
  const deploymentDir = options.deploymentDir ?? dataDir;
  const limits: BrokerLimits = {
    ...defaultBrokerLimits,
    ...((options.databaseUrl ?? null) === null ? {} : databaseBrokerLimits),
    ...options.limits,
  };
  for (const folder of [dataDir, deploymentDir]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = lockDataDir(dataDir);
  const undo: (() => unknown)[] = [() => lock.release()];
  try {
    const key = loadDeploymentKey(join(deploymentDir, "deployment_key.json"), {
      isFirstStart: !wasUsed(dataDir),
      now: clock.now(),
    });
    const metrics = createBrokerMetrics();
    const store = await storeOf(options, key, { dedupe, messageRetentionDays });
    undo.push(() => store.stop());
    const redisUrl = options.redisUrl ?? null;
    let fleet: Fleet | null = null;
    const limiter = chooseLimiter({
      redisUrl,
      liveBrokers: () => fleet?.liveBrokers() ?? 1,
      clock,
      log,
      metrics,
      limits,
    });
    undo.push(() => limiter.stop());
    await limiter.start();
    const bus = chooseBus({
      redisUrl,
      shared: store.shared !== null,
      key,
      clock,
      log,
      metrics,
      limits,
    });
    undo.push(() => bus.stop());

    let listeners: Listeners | null = null;
    const listening = Promise.withResolvers<void>();
    const linkParts = composeLinkParts({
      store,
      clock,
      log,
      metrics,
      limits,
      limiter,
      bus,
      key,
      dedupe,
      behindProxy: (options.publicUrl ?? null) !== null,
      listeners: () => listeners,
      fatal: (error) => end({ kind: error.code, message: error.message, hint: error.hint }),
    });
    const { registry, progress, queues, accepter } = linkParts;
    const links = createLinkServer(linkParts);
    const upkeep = createUpkeep({
      store,
      clock,
      log,
      metrics,
      messageRetentionDays,
      // Of several brokers one does what the clock calls for; what it is asked for, each does.
      due: () => fleet?.eldest() ?? true,
      noticed(meshId, memberId) {
        void linkParts.notices.tell(meshId, memberId);
        bus.publish({ kind: "owed", mesh_id: meshId, member_id: memberId });
      },
    });
    fleet = createFleet(linkParts);
    const started = fleet;
    undo.push(() => started.stop());
    await fleet.start();
    let draining = false;
    const programVersion = readProgramVersion();
    const apiKeys = createApiKeyCheck({ store, clock, log, metrics, limits });
    const routesOf = (certificatePrint: string | null) =>
      publicRoutes({
        programVersion,
        join: { ...linkParts, certificatePrint, listening: listening.promise },
        direct: { ...linkParts, apiKeys },
        metrics: certificatePrint === null || options.publicMetrics === true ? metrics : null,
        async ready() {
          if (draining) throw new ClaudemeshError("stopping", "The broker is stopping.");
          await store.ping();
        },
      });
    const opened = await openListeners({
      dataDir,
      deploymentDir,
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
    listeners = opened;
    listening.resolve();
    undo.push(() => opened.close());
    const { url, exposed } = opened;
    const adminSocket = socketPathFor(dataDir, "admin.sock", process.env);
    const admin = createAdminServer({
      routes: adminRoutes({
        programVersion,
        store,
        news: linkParts.news,
        clock,
        log,
        leaseMs: limits.presenceLeaseMs,
        shutdown: () => end(null),
        upkeep,
        status: async () => ({
          broker_id: key.brokerId,
          broker_key: key.publicKeyHex,
          url,
          exposed,
          pid: process.pid,
          links: registry.count(),
          meshes: (await store.listMeshes()).length,
        }),
      }),
      clock,
      log,
      bodyBytesMax: limits.adminBodyBytesMax,
    });
    await upkeep.start();
    undo.push(() => upkeep.stop());
    await admin.listen(adminSocket);
    undo.push(() => admin.close());
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
        draining = true;
        links.drain();
        progress.stop();
        queues.stop();
        await within(limits.stopMs / 2, clock, accepter.stop());
        await within(limits.stopMs / 2, clock, links.stop());
        links.abandon();
        for (const step of undo.toReversed()) await step();
        log.info({ broker_id: key.brokerId }, "broker stopped");
      },
    };
  } catch (thrown) {
    for (const step of undo.toReversed()) await step();
    throw thrown;
  }
}

async function storeOf(
  options: BrokerOptions,
  key: DeploymentKey,
  kept: { readonly dedupe: DedupeSetting; readonly messageRetentionDays: number },
): Promise<BrokerStore> {
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
