import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { FileLayer } from "../base/file-layer.ts";
import { acquireLock, LockedError } from "../base/lock-file.ts";
import type { Log } from "../base/log.ts";
import type { Service } from "../base/service.ts";
import type { Override } from "../protocol/config-overrides.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { ReloadView } from "../protocol/settings-api.ts";
import { type FeatureVersions, maxAgeHours } from "../protocol/features.ts";
import { composeApi } from "./compose-api.ts";
import { composeParts, type Parts } from "./compose-parts.ts";
import type { Config } from "./config.ts";
import type { DaemonEnd } from "./daemon-end.ts";
import { endMember, type EphemeralMember, unsentEnd } from "./ephemeral.ts";
import { type CheckedHost, checkHost } from "./identity/host/check-host.ts";
import type { HostReaders } from "./identity/host/readers.ts";
import { type Identity, readIdentity } from "./identity/member.ts";
import { readMeshFile } from "./identity/mesh-file.ts";
import { ownEnd } from "./membership/own-standing.ts";
import { makePrivateDirectory } from "../http/private-directory.ts";
import { type LiveConfig, openLiveConfig, reloadSettings } from "./live-config.ts";
import { type Dial, windowFact } from "./link/link.ts";
import type { LocalApi } from "./localapi/server.ts";
import type { Inbox } from "./parts.ts";
import { createInboxRebuild } from "./recover/inbox-rebuild.ts";
import { refuseHalfRecovered } from "./recover/recovery-mark.ts";
import { removeRuntimeFile } from "./runtime-file.ts";
import { requireOrdinaryFiles } from "./ordinary-files.ts";
import { checkSchemaVersion } from "./schema-version.ts";
import { startError } from "./start-error.ts";
import { createUpkeep } from "./upkeep/upkeep.ts";

export interface DaemonOptions {
  /** `<home>/daemon/<slug>`, holding a member (identity/member.ts). */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Listen on 127.0.0.1 as well. */
  readonly http: boolean;
  /** Of a membership that has ended: shows what was received, dials no broker and takes nothing to send. */
  readonly readOnly?: boolean;
  /** Features and their versions that it is to know; absent: all that this program knows. */
  readonly features?: FeatureVersions;
  /** Settings that stand above config.toml: of the environment, and of options. */
  readonly overrides?: readonly Override[];
  /** Which of what is kept from earlier ends of the link this start heeds. */
  readonly dial?: Dial;
  /** A member that keeps nothing on disk; absent: `dir` has its keys. */
  readonly ephemeral?: EphemeralMember;
  /** Durability tests plant weaker settings of the databases here. */
  readonly pragmas?: string;
  /** Why no hook runs here unless the settings say otherwise; absent: nothing speaks against them. */
  readonly hooksOff?: string | null;
  /** How the host is read; absent: as it is. */
  readonly host?: HostReaders;
  /** Tests plant here a disk that fails, or a kill, under the member's keys and its chain. */
  readonly files?: FileLayer;
  /** Of pauses between attempts, [0, 1). */
  readonly random?: () => number;
}

/** One member's daemon. What is known only while it runs throws `not_running` otherwise. */
export interface Daemon extends Service {
  readonly socketPath: string;
  readonly httpPort: number | null;
  readonly memberId: string;
  /** Reads the settings again, with the link left as it is. Throws invalid_config with everything as it was. */
  reload(): ReloadView;
  /** Resolves when the daemon ends without `stop` being called: null when asked over its API or when its time is over, else why. */
  readonly ended: Promise<DaemonEnd | null>;
  /**
   * Before `stop`, of a daemon that ends for `why`: an ephemeral one refuses sends, gives the broker what it holds within a
   * bounded time, and leaves. Resolves with why it ends after all that.
   */
  finish(why: DaemonEnd | null): Promise<DaemonEnd | null>;
}

/**
 * Composes the parts. Start: lock, identity, host, inbox, outbox, local API, and last the link, which never blocks: a daemon
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
    reload: () => reloadSettings(live().settings, options.log),
    ended: ended.promise,
    finish: async (why) => (running === null ? why : running.finish(why)),
  };
}

interface Running {
  readonly identity: Identity;
  readonly settings: LiveConfig;
  readonly api: LocalApi;
  finish(why: DaemonEnd | null): Promise<DaemonEnd | null>;
  stop(): Promise<void>;
}

async function startParts(options: DaemonOptions, end: (why: DaemonEnd | null) => void): Promise<Running> {
  const { dir, log, clock } = options;
  const undo: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    if (!existsSync(dir))
      throw new ClaudemeshError("invalid_config", `${dir} does not exist`, { hint: "claudemesh up" });
    makePrivateDirectory(dir);
    const lock = takeLock(dir);
    undo.push(() => lock.release());
    requireOrdinaryFiles(dir);
    checkSchemaVersion(dir);
    refuseHalfRecovered(dir);
    let inbox: Inbox | null = null;
    const settings = openLiveConfig(join(dir, "config.toml"), options.overrides ?? [], (config) => {
      if (inbox !== null) refuseMaxAge(inbox, config);
    });
    const { ephemeral } = options;
    const identity = ephemeral === undefined ? readIdentity(dir) : { ...ephemeral.keypair, mesh: readMeshFile(dir) };
    // An ephemeral member is on no disk that could be copied.
    const host =
      ephemeral === undefined
        ? await checkHost({ dir, clone: settings.config.clone, readers: options.host, now: clock.now(), log })
        : null;
    let failed = false;
    const parts = composeParts(options, settings, identity, host, (why) => {
      failed = true;
      end(why);
    });
    for (const service of [
      parts.inbox,
      parts.agents,
      parts.deliver,
      parts.files,
      parts.outbox,
      createUpkeep({ ...parts, clock, log }),
      createInboxRebuild({ ...parts, mesh: identity.mesh, clock, log }),
    ]) {
      undo.push(() => service.stop());
      await service.start();
    }
    await tellDamage(parts, clock.now());
    parts.keys.tidy();
    refuseMaxAge(parts.inbox, settings.config);
    inbox = parts.inbox;
    if (host !== null) await tellSuspected(parts, host, clock.now());
    const endsAt = ephemeral?.ttlMs == null ? null : clock.now() + ephemeral.ttlMs;
    const api = composeApi(options, parts, { requestStop: () => end(null), endsAt });
    undo.push(
      () => removeRuntimeFile(dir),
      () => api.stop(),
    );
    await api.start();
    undo.push(() => parts.hooks.stop());
    await parts.hooks.start();
    undo.push(() => parts.link.stop());
    if (options.readOnly !== true) await parts.link.start();
    if (endsAt !== null) {
      const timer = clock.after(endsAt - clock.now(), () => {
        log.info({}, "the time of this member is over");
        end(null);
      });
      undo.push(() => timer.cancel());
    }
    log.info(
      { member: parts.self.name, mesh: identity.mesh.slug, socket: api.socketPath, http_port: api.httpPort },
      "the daemon takes messages",
    );
    const finish = (why: DaemonEnd | null): Promise<DaemonEnd | null> =>
      finishRunning(options, parts, why, () => failed);
    return { identity, settings: parts.settings, api, finish, stop: () => stopRunning(api, stop) };
  } catch (thrown) {
    await stop();
    throw startError(thrown);
  }
}

const suspectedFact = "clone_suspected";

/** Counted at every start; told to listeners once, until the host is accepted or is the one it was. */
async function tellSuspected({ inbox, metrics, self }: Parts, { suspected }: CheckedHost, now: number): Promise<void> {
  if (suspected !== null) metrics.cloneSuspected.inc({ reason: suspected });
  if ((inbox.fact(suspectedFact) ?? "") === (suspected ?? "")) return;
  if (suspected !== null) {
    const data = { member_id: self.memberId, name: self.name, address: `@${self.name}`, self: true, reason: suspected };
    await inbox.addEvents([{ event: "member_clone_suspected", data }], now);
  }
  await inbox.setFact(suspectedFact, suspected ?? "");
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

/** What is unsent when something fatal ended the daemon stays unsent: its last words say so beside the reason. */
async function finishRunning(
  { ephemeral, clock, log }: DaemonOptions,
  parts: Parts,
  why: DaemonEnd | null,
  hasFailed: () => boolean,
): Promise<DaemonEnd | null> {
  if (ephemeral === undefined) return why;
  const { outbox, link, membership, identity, config } = parts;
  outbox.refuseNew();
  if (why !== null) {
    const unsent = unsentEnd(outbox);
    // Its own leaving closes the link in the words of every membership that has ended.
    const hasLeft = why.kind === "member_revoked" && ownEnd(membership, identity.memberId) === "left";
    if (hasLeft && unsent === null) return null;
    return unsent === null
      ? why
      : { ...why, message: `${why.message}; ${unsent.message}`, details: { ...why.details, ...unsent.details } };
  }
  const drainMs = config.ephemeral.drain_seconds * 1_000;
  return endMember({ outbox, link, membership, memberId: identity.memberId, clock, log, drainMs, hasFailed });
}

/** What was lost of former keys is told to whoever listens, not in the log alone. */
async function tellDamage({ keys, inbox }: Pick<Parts, "keys" | "inbox">, now: number): Promise<void> {
  const { damage } = keys.archive;
  if (damage === null) return;
  const { problem, aside, saved, lost } = damage;
  await inbox.addEvents([{ event: "keypair_archive_malformed", data: { problem, aside, saved, lost } }], now);
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
    throw new ClaudemeshError("already_running", `another daemon runs on ${dir}`, {
      hint: "claudemesh status",
      cause: thrown,
    });
  }
}
