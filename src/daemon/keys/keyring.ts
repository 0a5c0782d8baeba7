import { createSecretKey, type KeyObject } from "node:crypto";
import { createInTurn } from "../../base/in-turn.ts";
import { fullJitter } from "../../base/backoff.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { EpochRecord } from "../../protocol/epoch.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { activeMember, currentKeys, type MembershipState } from "../../protocol/membership/state.ts";
import { x25519PublicKey } from "../sealing/x25519.ts";
import type { RowError } from "../outbox/next-state.ts";
import type { Directory, Keyring, LinkRequest, Membership, Readiness } from "../parts.ts";
import { unknownQueue, unknownTopic } from "../resolve-address.ts";
import { sealDirect, sealToEpoch } from "../sealing/seal-body.ts";
import { EpochSet } from "./epoch-set.ts";
import { foundEpoch } from "./found-epoch.ts";
import { handInLost } from "./hand-in-lost.ts";
import { openSealed } from "./open-sealed.ts";
import type { OwnKey } from "./own-key.ts";
import { readKeys } from "./read-keys.ts";
import { refuseWraps } from "./refuse-wraps.ts";
import { type KeyedDestination, keyedDestination, readiness } from "./readiness.ts";
import { requireHistory, requireRotator } from "./require-rotation.ts";
import { noTopicKeys, readTopicKeys, type TopicKeys, writeTopicKeys } from "./topic-keys-file.ts";
import { wrapForOthers } from "./wrap-for-others.ts";

export interface KeyringOptions {
  /** topic_keys.json; null: what it would hold is in memory alone. */
  readonly path: string | null;
  readonly identity: {
    readonly memberId: string;
    readonly keyId: string;
    readonly signingKey: KeyObject;
    readonly sealingSecret: Buffer;
  };
  /** This member's x25519 keys, those rotated away included, as they are now. */
  readonly ownKeys: () => readonly OwnKey[];
  /** Direct messages that a former key opened, or would have. */
  readonly countFormer?: (what: "archived" | "stale") => void;
  readonly membership: Membership;
  readonly directory: () => Directory | null;
  /** On the live link; rejects while there is none. */
  readonly request: LinkRequest;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

/** Imported public keys, before they are forgotten. */
const rememberedMax = 4_096;
/** As the broker refuses what is sent to a destination: no waiting helps. */
const refusesForGood: ReadonlySet<string> = new Set(["not_subscribed", "not_allowed", "unknown_destination"]);

/**
 * The keyring. Reading from the broker takes turns; epochs are made by whoever is about to seal and finds none that is fresh and whose
 * key is here. What cannot be made now is tried again with the next link, or after a pause that grows.
 */
export function createKeyring(options: KeyringOptions): Keyring {
  const { clock, log, identity, membership } = options;
  const kept = options.path === null ? noTopicKeys : readTopicKeys(options.path, log, clock.now());
  const epochs = new EpochSet(kept);
  let { cursor, logEpoch, unexplainedFrom } = kept;
  /** Head of the chain under which what lies from `unexplainedFrom` was looked at last. */
  let unexplainedUnder: string | null = null;
  /** Topics that this member had subscribed to when its keys were read last; null: not since the start. */
  let readFor: string | null = null;
  const secret = createSecretKey(identity.sealingSecret);
  const listeners = new Set<() => void>();
  const recipients = new Map<string, KeyObject>();
  const preparing = new Set<string>();
  const failures = new Map<string, { count: number; timer: Timer | null }>();

  /** What the broker will not let this member use, until it has been said of the rows that wait for it. */
  const refusals = new Map<string, RowError>();

  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const state = (): MembershipState | null => membership.state();

  const inTurn = createInTurn();

  function keep(): void {
    if (options.path === null) return;
    const file: TopicKeys = { cursor, logEpoch, unexplainedFrom, ...epochs.kept() };
    writeTopicKeys(options.path, file);
  }

  /** `fromStart`: the broker tells a destination's keys only while this member may use it, so what is below the cursor may be new. */
  async function read(request: LinkRequest, fromStart: boolean): Promise<void> {
    const retried = unexplainedFrom !== null && state()?.head !== unexplainedUnder ? unexplainedFrom - 1 : cursor;
    const after = fromStart ? 0 : Math.min(retried, cursor);
    const reader = {
      memberId: identity.memberId,
      ownKeys: options.ownKeys,
      state,
      followMembership: () => membership.follow(request),
      log,
    };
    let found = await readKeys(request, after, epochs, reader);
    // Its log or its count is not the one that the numbers here are of: a backup was put back.
    const isOther = found.cursor < cursor || (logEpoch !== null && found.logEpoch !== logEpoch);
    if (isOther) epochs.renumber();
    // Or a key came whose record was told to others before this member came to the destination.
    if (isOther || (found.orphaned && after > 0)) {
      const { refused } = found;
      found = { ...(await readKeys(request, 0, epochs, reader)), changed: true };
      found = { ...found, refused: [...refused, ...found.refused] };
    }
    await refuseWraps(request, found.refused, log);
    if (
      !found.changed &&
      found.cursor === cursor &&
      found.logEpoch === logEpoch &&
      found.unexplainedFrom === unexplainedFrom
    )
      return;
    cursor = found.cursor;
    logEpoch = found.logEpoch;
    unexplainedUnder = state()?.head ?? null;
    unexplainedFrom = found.unexplainedFrom;
    // Killed before here, the same is read again: the cursor moves with what was read below it.
    keep();
  }

  async function follow(request: LinkRequest, fromStart: boolean, opened: boolean): Promise<void> {
    await inTurn(async () => {
      const known = state();
      if (known === null) return;
      await read(request, fromStart);
      const here = { memberId: identity.memberId, directory: options.directory(), log };
      if (opened && (await handInLost(request, epochs, state() ?? known, here)) > 0) await read(request, false);
      await wrapForOthers(request, epochs, state() ?? known);
    }).catch(older);
    comeLate();
    changed();
  }

  /** Direct messages need nothing of the broker. */
  function older(thrown: unknown): void {
    if (ClaudemeshError.from(thrown).details["unknown_type"] === undefined) throw thrown;
    log.warn({}, "the broker is older and keeps no keys: nothing can be sent to topics and queues");
  }

  /** Of a destination whose earlier messages are not for who comes later: what is sealed from now on is for this member too. */
  function comeLate(): void {
    for (const { destination, name } of epochs.destinations()) {
      const tip = epochs.tip({ destination, name });
      if (tip === null || tip.key !== null || tip.record.history !== "joined") continue;
      const kind = destination.startsWith("queue:") ? "queue" : "topic";
      const target = keyedDestination({ kind, ref: name }, options.directory());
      if (target?.destination === destination) prepare(target);
    }
  }

  async function make(target: KeyedDestination, history?: "all" | "joined"): Promise<EpochRecord> {
    const known = state();
    if (known === null) throw new ClaudemeshError("mesh_unsealed", "this home holds no membership of its mesh");
    const tip = epochs.tip(target)?.record ?? null;
    // As they are under this head: while the broker is asked for the topic's members, both may change.
    const { memberId, keyId, signingKey } = identity;
    const record = await foundEpoch(
      options.request,
      known,
      { memberId, keyId, signingKey },
      {
        ...target,
        parent: tip,
        history: history ?? tip?.history ?? "all",
        now: clock.now(),
      },
    );
    log.info({ destination: record.destination, epoch: record.epoch_id, depth: record.depth }, "a new key was made");
    return record;
  }

  /** In the background: one at a time for each destination. */
  function prepare(target: KeyedDestination): void {
    const { destination } = target;
    if (preparing.has(destination) || failures.get(destination)?.timer != null) return;
    preparing.add(destination);
    prepared(target)
      .then(() => failures.delete(destination))
      .catch((thrown: unknown) => failed(target, ClaudemeshError.from(thrown)))
      .finally(() => {
        preparing.delete(destination);
        changed();
      });
  }

  async function prepared(target: KeyedDestination): Promise<void> {
    await inTurn(() => read(options.request, epochs.tip(target) === null));
    if (usable(target)) return;
    try {
      await make(target);
    } catch (thrown) {
      // Others were faster, as many as there may be: one of theirs will do.
      if (ClaudemeshError.from(thrown).code !== "too_many_epochs") throw thrown;
    }
    await inTurn(() => read(options.request, false));
    if (!usable(target)) throw new ClaudemeshError("waits_for_key", `the key of ${target.address} did not come`);
  }

  function failed({ destination, address }: KeyedDestination, error: ClaudemeshError): void {
    if (refusesForGood.has(error.code)) {
      // In the words in which the broker refuses the message itself: its sender asked for no key.
      const message = error.code === "not_subscribed" ? `the sender is not subscribed to ${address}` : error.message;
      refusals.set(destination, { code: error.code, message });
      return;
    }
    // The next link begins with everything again.
    if (error.code === "broker_unreachable") return;
    const count = (failures.get(destination)?.count ?? 0) + 1;
    log.warn({ destination: address, code: error.code, error: error.message }, "no key for it yet; it is tried again");
    const timer = clock.after(fullJitter(count, undefined, options.random), () => {
      failures.set(destination, { count, timer: null });
      changed();
    });
    failures.set(destination, { count, timer });
  }

  function usable(target: KeyedDestination): boolean {
    const known = state();
    const tip = epochs.tip(target);
    return known !== null && tip !== null && tip.key !== null && epochs.isFresh(tip, known);
  }

  membership.onChange((entry) => {
    changed();
    if (entry.kind !== "revoke" || entry.by !== identity.memberId) return;
    for (const { destination, name } of epochs.destinations()) {
      const kind = destination.startsWith("queue:") ? "queue" : "topic";
      const topic = options.directory()?.topics.find(({ topic_id: id }) => destination === `topic:${id}`);
      const target = keyedDestination({ kind, ref: name }, options.directory());
      if (target?.destination === destination && (kind === "queue" || topic?.subscribed === true)) prepare(target);
    }
  });

  function recipientKey(publicKey: string): KeyObject {
    let key = recipients.get(publicKey);
    if (key === undefined) {
      if (recipients.size >= rememberedMax) recipients.clear();
      key = x25519PublicKey(Buffer.from(publicKey, "hex"));
      recipients.set(publicKey, key);
    }
    return key;
  }

  return {
    readyFor(destination): Readiness {
      const ready = readiness(destination, state(), options.directory(), epochs, identity.memberId);
      if (!("missing" in ready)) return ready;
      const refusal = refusals.get(ready.missing.destination);
      if (refusal !== undefined) {
        // Whoever sends later asks anew: it may have been let in by then.
        refusals.delete(ready.missing.destination);
        return { ready: false, reason: refusal, forGood: true };
      }
      prepare(ready.missing);
      return { ready: false, reason: ready.reason, forGood: false };
    },
    seal(header, plaintext) {
      const known = state();
      if (known === null) throw new TypeError("sealed without a membership");
      if (header.destination_kind === "dm") {
        const member = activeMember(known, header.destination_ref.slice(0, 64));
        if (member === null) throw new TypeError("sealed to nobody");
        const publicKey = currentKeys(member).x25519;
        const body = sealDirect({ header, plaintext, secret, recipient: { publicKey, key: recipientKey(publicKey) } });
        return { algorithm: "hpke-v1", sealed_to: publicKey, body: body.toString("base64url") };
      }
      const target = keyedDestination(
        { kind: header.destination_kind, ref: header.destination_ref },
        options.directory(),
      );
      const tip = target === null ? null : epochs.tip(target);
      if (tip === null || tip.key === null) throw new TypeError("sealed without a key");
      const id = tip.record.epoch_id;
      const body = sealToEpoch({ header, plaintext, secret, epoch: { id, key: tip.key } });
      return { algorithm: "epoch-v1", sealed_to: id, body: body.toString("base64url") };
    },
    open: (envelope, sealed) =>
      openSealed(envelope, sealed, epochs, {
        keys: options.ownKeys(),
        isFormer: (publicKey) =>
          state()
            ?.members.get(identity.memberId)
            ?.keys.some(({ x25519 }) => x25519 === publicKey) === true,
        count: (what) => options.countFormer?.(what),
      }),
    hasEpochKey: (epochId) => epochs.get(epochId)?.key != null,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async rotate(destination, history) {
      const self = requireRotator(state(), identity.memberId);
      const target = keyedDestination(destination, options.directory());
      if (target === null)
        throw destination.kind === "topic"
          ? unknownTopic(destination.ref, options.directory()?.topics ?? [])
          : unknownQueue(destination.ref, options.directory()?.queues ?? []);
      await inTurn(() => read(options.request, epochs.tip(target) === null));
      requireHistory(self, epochs.tip(target)?.record ?? null, history);
      const record = await make(target, history);
      await inTurn(() => read(options.request, false));
      changed();
      return record;
    },
    present(destination) {
      const target = keyedDestination(destination, options.directory());
      return target === null ? null : (epochs.tip(target)?.record ?? null);
    },
    async follow(request, reason = {}) {
      // Pauses end with the link that they were for.
      for (const { timer } of failures.values()) timer?.cancel();
      failures.clear();
      refusals.clear();
      const topics = options.directory()?.topics ?? [];
      const subscribed = JSON.stringify(topics.filter((topic) => topic.subscribed).map(({ topic_id: id }) => id));
      await follow(request, reason.wholly === true || subscribed !== readFor, reason.opened === true);
      readFor = subscribed;
    },
  };
}
