import { randomUUID } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { fullJitter } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { closeCodes } from "../../protocol/close-codes.ts";
import { bodyBytesMax } from "../../protocol/envelope.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { type FeatureVersions, offerFeatures } from "../../protocol/features.ts";
import type { FeatureParams, VoidAnswer } from "../../protocol/frames.ts";
import { limits } from "../../protocol/limits.ts";
import type { LinkErrorKind } from "../../protocol/link-error-kinds.ts";
import type { HealthView, LocalEvent } from "../../protocol/local-api.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { Directory, Inbox, InboxTally, Keyring, Link, Membership, Outbox } from "../parts.ts";
import type { Agents } from "../agents/agents.ts";
import type { FatalLinkEnd } from "../daemon-end.ts";
import type { CheckedHost } from "../identity/host/check-host.ts";
import type { Rotation } from "../identity/rotation.ts";
import type { OwnKeys } from "./announce-keys.ts";
import { type CloseReaction, LinkClosed, reactionTo } from "./close-reaction.ts";
import { directoryKeeper } from "./directory.ts";
import { createExpiry } from "./expiry.ts";
import { endHoldOff, heldMs, holdAfterEnd, holdUntil, readHoldOff } from "./hold-off.ts";
import { openSession } from "./opening.ts";
import { closedKind, linkErrorKind } from "./link-error-kind.ts";
import { createMemberKeys } from "./member-keys.ts";
import { createPushCheck } from "./push-check.ts";
import { createUndecryptableRetry } from "./retry-undecryptable.ts";
import type { Session } from "./session.ts";
import type { Liveness } from "./silence-watch.ts";

export interface LinkOptions {
  readonly mesh: {
    readonly mesh_id: string;
    readonly slug: string;
    readonly broker_url: string;
    readonly broker_key: string;
    readonly certificate_print?: string | null;
  };
  /** As it is at each reading: keys change. */
  readonly identity: { readonly memberId: string; readonly keyId: string; readonly signingKey: KeyObject };
  /** Absent: keys never change. */
  readonly rotation?: Pick<Rotation, "dialKeys" | "refused" | "settle">;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly membership: Membership;
  /** Announced for as long as this home holds no chain. */
  readonly keysToAnnounce?: OwnKeys;
  readonly keyring: Keyring;
  /** Absent: the mesh is told of none. */
  readonly agents?: Pick<Agents, "told" | "onChange">;
  readonly clock: Clock;
  readonly log: Log;
  readonly clientVersion: string;
  /** The broker is told that this member ends with its process. */
  readonly ephemeral?: boolean;
  readonly host?: CheckedHost;
  /** Features required besides the default ones. */
  readonly requireFeatures?: readonly string[];
  /** Features and their versions that this daemon is to know; absent: all that there are. */
  readonly features?: FeatureVersions | undefined;
  /** Read at each use: it may change. */
  readonly maxAgeHoursOverride?: number | null;
  /** When a silent link is pinged and given up. */
  readonly liveness?: Liveness;
  /** Tells an open link of another `liveness`. Returns its own removal. */
  readonly onLivenessChange?: (listener: (liveness: Liveness) => void) => () => void;
  readonly random?: () => number;
  readonly count?: LinkCounters;
  /** Which of what is kept from earlier ends a start heeds before it dials; by default all of it. */
  readonly dial?: Dial;
  /** The link ended in a way that reconnecting cannot mend: the daemon has to end, with this kind's exit code. */
  onFatal(why: FatalLinkEnd): void;
}

/**
 * `when_due`: as who is started again and again should. `after_end`: somebody asked for this start, so it does not wait because it ended
 * before. `at_once`: nor because the member was sent away.
 */
export const dials = ["when_due", "after_end", "at_once"] as const;
export type Dial = (typeof dials)[number];

/** What metrics want to know; all optional in effect. */
export interface LinkCounters {
  reconnected(reason: string): void;
  received(tally: InboxTally, lagMs: number): void;
  historyPruned(): void;
}

/** Requests after which the names that the daemon knows are others; members elsewhere are told by an event. */
const changesDirectory = new Set(["topic_create", "subscribe", "unsubscribe", "queue_create", "queue_delete", "kick"]);
const lastInstanceFact = "last_instance_id";
/** Inbox fact: the dedupe parameters last negotiated, as JSON. */
export const windowFact = "negotiated_dedupe";
/** Names that do not exist are asked for at most so often, however many callers write them. */
const directoryAskMs = 1_000;
/** Longer waits are made of several: beyond 2^31 ms a timer of the platform fires at once. */
const napMaxMs = 86_400_000;

/** How one attempt at a link ended. */
interface LinkEnd {
  /** It carried traffic and was not ended over what it carried: the next failure is the first one again. */
  readonly wasSound: boolean;
  readonly reason: string;
  readonly errorKind: LinkErrorKind;
  readonly fatal: FatalLinkEnd["kind"] | null;
  readonly feature: string | null;
  readonly detail: string | null;
  readonly notBeforeMs: number;
  readonly hint?: string | undefined;
  readonly otherInstanceId?: string | null;
}

/**
 * The supervised link. One loop, for as long as the daemon lives: dial, prove, be an open session until it ends, wait
 * (full jitter), again. The first connect is nothing special; a daemon that starts without its broker is fully alive.
 */
export function createLink(options: LinkOptions): Link {
  const { clock, inbox, log } = options;
  const instanceId = randomUUID();
  const directory = directoryKeeper(inbox, clock, options.membership);
  const retry = createUndecryptableRetry({
    inbox,
    check: createPushCheck({ ...options, directory }, createMemberKeys()),
    clock,
    log,
  });
  let state: HealthView["link"]["state"] = "stopped";
  let since = clock.now();
  let lastError: string | null = null;
  let lastErrorKind: LinkErrorKind | null = null;
  let nextDialAt: number | null = null;
  let clockSkewMs: number | null = null;
  let session: Session | null = null;
  let stopping = false;
  let dialling = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let wake: () => void = () => undefined;
  const expiry = createExpiry(options, () => session);

  function enter(next: HealthView["link"]["state"]): void {
    if (state === next) return;
    state = next;
    since = clock.now();
  }

  async function supervise(): Promise<void> {
    await waitIfHeld();
    let failures = 0;
    while (!stopping) {
      enter("connecting");
      const ended = await oneLink();
      if (ended.wasSound) failures = 0;
      if (stopping) break;
      lastError = ended.reason;
      lastErrorKind = ended.errorKind;
      if (ended.fatal === "auth_failed" && options.rotation?.refused() === true) {
        log.warn({ reason: ended.reason }, "the broker may know the keys that were to follow; dialling with these");
        continue;
      }
      await noteHoldOff(ended);
      if (ended.fatal !== null) {
        enter("stopped");
        options.onFatal({ ...ended, kind: ended.fatal, message: ended.reason, instanceId });
        return;
      }
      options.count?.reconnected(ended.reason.slice(0, 60));
      const waitMs = Math.max(ended.notBeforeMs, fullJitter(failures, undefined, options.random));
      failures += 1;
      log.info({ reason: ended.reason, wait_ms: waitMs }, "link down; dialling again");
      await pause(waitMs);
    }
  }

  /** By an end that an earlier process met. */
  async function waitIfHeld(): Promise<void> {
    const { dial = "when_due" } = options;
    const hold = readHoldOff(inbox);
    if (hold === null || dial === "at_once" || (dial === "after_end" && hold.ends > 0)) return;
    const waitMs = heldMs(hold, clock.now());
    if (waitMs === 0) return;
    lastError = hold.reason;
    lastErrorKind = hold.kind;
    log.warn({ reason: hold.reason, ends: hold.ends, wait_ms: waitMs }, "not dialled yet: so the last link ended");
    await pause(waitMs);
  }

  /** On disk before anybody acts on it; a disk that is full only costs a dial too many. */
  async function noteHoldOff({ fatal, reason, errorKind: kind, notBeforeMs }: LinkEnd): Promise<void> {
    try {
      const now = clock.now();
      if (fatal !== null) await holdAfterEnd(inbox, { kind, reason }, now);
      else if (notBeforeMs > 0) await holdUntil(inbox, { kind, reason, until: now + notBeforeMs });
    } catch (error) {
      log.error({ error: String(error) }, "how long the broker is not to be dialled could not be stored");
    }
  }

  async function oneLink(): Promise<LinkEnd> {
    let opened: Session | null = null;
    try {
      opened = await openSession({
        ...options,
        directory,
        instanceId,
        previousInstanceId: inbox.fact(lastInstanceFact),
        tell,
        sawBrokerTime(time) {
          const skew = Date.parse(time) - clock.now();
          clockSkewMs = Number.isNaN(skew) ? null : skew;
        },
        voidDoomed: () => void expiry.expire(),
        signal: dialling.signal,
      });
      expiry.maxAge(opened.params);
      session = opened;
      if (stopping) opened.close();
      await inbox.setFact(lastInstanceFact, instanceId);
      await inbox.setFact(windowFact, JSON.stringify(opened.params["client_message_id_dedupe"] ?? null));
      const begun = await opened.begin();
      if (begun) {
        enter("connected");
        lastError = null;
        lastErrorKind = null;
        await endHoldOff(inbox, clock.now());
        await tell("link_up", { connection_id: opened.connectionId });
        log.info({ connection_id: opened.connectionId }, "link up");
        void options.rotation?.settle();
        void expiry.expire();
      }
      const { code, reason, farewell, fault } = await opened.closed;
      const reaction = reactionTo(code, reason, farewell, clock.now());
      // An end for good leaves its trace even when the link was hardly up: somebody may hold this member's keys.
      if ((begun || reaction.fatal !== null) && !stopping) await tellDown(reaction);
      return {
        ...reaction,
        wasSound: begun && fault === null && code !== closeCodes.protocol_error,
        errorKind: fault === null ? closedKind(reaction.kind) : linkErrorKind(fault),
        reason: fault === null ? reaction.reason : `given up: ${fault.message}`,
      };
    } catch (thrown) {
      const error = ClaudemeshError.from(thrown, "broker_unreachable");
      opened?.terminate();
      // Its rows are back in the queue before the next link claims.
      await opened?.closed;
      const end = { wasSound: false, reason: error.message, errorKind: linkErrorKind(error) };
      if (error instanceof LinkClosed) {
        if (error.reaction.fatal !== null && !stopping) await tellDown(error.reaction);
        return { ...error.reaction, ...end, hint: error.hint };
      }
      const fatal = error.code === "outbox_max_age_above_dedupe_window" ? error.code : null;
      return { ...end, fatal, feature: null, detail: null, notBeforeMs: 0 };
    } finally {
      session = null;
    }
  }

  /** Who took the identity over is told with both instances: that is all there is to find the other by. */
  function tellDown({ code, reason, kind, otherInstanceId }: CloseReaction): Promise<void> {
    const taken = kind === "replaced_by_newer_connection" || kind === "member_already_connected";
    const instances = taken ? { instance_id: instanceId, other_instance_id: otherInstanceId } : {};
    if (taken) log.error({ code, kind, ...instances }, "another daemon uses this member's identity");
    // What the daemon takes from its callers depends on it from now on.
    lastErrorKind = closedKind(kind);
    return tell("link_down", { reason, code, ...instances });
  }

  /** What the link does next never depends on whether its event found room on the disk. */
  async function tell(event: LocalEvent["event"], data: Record<string, unknown>): Promise<void> {
    try {
      await inbox.addEvents([{ event, data }], clock.now());
    } catch (error) {
      log.error({ event, data, error: String(error) }, "an event of the link could not be stored");
    }
  }

  async function pause(ms: number): Promise<void> {
    enter("waiting");
    nextDialAt = clock.now() + ms;
    for (let left = ms; left > 0 && !stopping; left -= napMaxMs) await nap(Math.min(left, napMaxMs));
    nextDialAt = null;
  }

  function nap(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.after(ms, resolve);
      wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** The last time that a name which nobody knew made this daemon ask. */
  let directoryAskedAt = Number.NEGATIVE_INFINITY;
  let directoryAsked: Promise<void> = Promise.resolve();

  function live(): Session {
    if (session === null) {
      throw new ClaudemeshError(
        "broker_unreachable",
        `the broker at ${options.mesh.broker_url} is not connected${lastError === null ? "" : `: ${lastError}`}`,
        {
          hint: "claudemesh doctor",
        },
      );
    }
    return session;
  }

  return {
    async start() {
      stopping = false;
      dialling = new AbortController();
      options.outbox.onWork(() => session?.wake());
      inbox.onReceipt(() => session?.wakeReceipts());
      options.keyring.onChange(() => retry.wake(false));
      retry.wake(true);
      running = supervise();
      expiry.start();
    },
    async stop() {
      stopping = true;
      dialling.abort();
      expiry.stop();
      wake();
      session?.close();
      await running;
      await retry.stop();
      enter("stopped");
    },
    state: () => ({
      state,
      since: rfc3339(since),
      broker_url: options.mesh.broker_url,
      last_error: lastError,
      last_error_kind: lastErrorKind,
      receives: session?.receives ?? null,
      instance_id: instanceId,
      next_dial_at: nextDialAt === null ? null : rfc3339(nextDialAt),
      clock_skew_ms: clockSkewMs,
    }),
    offered: () => offerFeatures(options.requireFeatures, options.features),
    negotiated: () => session?.params ?? null,
    heldFingerprints: () => session?.heldFingerprints ?? [],
    ignored: () => session?.ignored ?? null,
    inlineBytes: () => bodyBytesMax(session?.inlineBytes ?? limits.inlineBytes),
    fileBytes: () => fileBytesOf(session?.params),
    directory: (): Directory | null => directory.current(),
    async freshDirectory() {
      if (session !== null && clock.now() - directoryAskedAt >= directoryAskMs) {
        directoryAskedAt = clock.now();
        const { request, refreshDirectory } = session;
        // Who belongs to the mesh is the chain's to say; news of an entry may have been lost like other news.
        const followed = options.membership.state() === null ? Promise.resolve() : options.membership.follow(request);
        directoryAsked = followed.then(refreshDirectory).catch(() => undefined);
      }
      await directoryAsked;
      return directory.current();
    },
    async request(frame, gone) {
      const current = live();
      const result = await current.request(frame, gone);
      if (changesDirectory.has(frame.type)) await current.refreshDirectory();
      return result;
    },
    async voidIds(wireIds): Promise<readonly VoidAnswer[]> {
      return live().voidIds(wireIds);
    },
  };
}

/** As negotiated: a daemon of this version asks for it of every broker. */
function fileBytesOf(params: Readonly<Record<string, FeatureParams>> | undefined): number {
  const told = params?.["max_payload"]?.["blob_bytes"];
  return typeof told === "number" ? Math.min(told, limits.fileBytesMax) : limits.fileBytes;
}
