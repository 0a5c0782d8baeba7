import type { KeyObject } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { type FileLayer, systemFiles } from "../../base/file-layer.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { currentKeys, type MembershipState } from "../../protocol/membership/state.ts";
import type { OwnKey } from "../keys/own-key.ts";
import {
  hasKeypair,
  type Keypair,
  readNextKeypair,
  removeNextKeypair,
  removeTornKeys,
  replaceKeypair,
  writeNextKeypair,
} from "./keypair.ts";
import {
  type ArchiveCounters,
  type ArchiveSettings,
  type KeypairArchive,
  openKeypairArchive,
} from "./keypair-archive.ts";

/**
 * The member's keys. What it has as a {@link Keypair} is what is in use at the moment of asking: nobody keeps a copy of it over a wait.
 *
 * How they change, each step on disk before the next (docs/keys.md):
 *
 *   at rest     keypair.json holds the pair in use.
 *   archived    its x25519 key is in keypair-archive.json too: whatever happens from here on, what is sealed to it opens.
 *   begun       keypair-next.json holds the pair that follows.
 *   handed in   the broker may have the chain's `rotate` entry, or not: only the chain tells.
 *   in force    the entry is in this home's chain. From that moment the next pair is the one in use, since what names the chain's head has
 *               to be signed by it, and keypair-next.json is its only copy.
 *   at rest     it has taken keypair.json's place.
 *
 * Killed anywhere, the next start finds one of these on disk, and the chain says which pair is in use.
 */
export interface OwnKeys extends Keypair {
  /** Begun and not in force. */
  readonly next: Keypair | null;
  readonly archive: KeypairArchive;
  /** All that opens what is sealed to this member: the pair in use, what may follow it, then former ones, the newest first. */
  opening(): readonly OwnKey[];
  /**
   * The pair that is to follow, made unless there is one. Throws store_unavailable, and not_allowed for keys that are in memory alone; then
   * nothing has begun.
   */
  begin(): Keypair;
  /** What was begun cannot come into force. */
  abandon(why: string): void;
  /** What the chain names as this member's keys: at the start, and at each `rotate` entry of its own. */
  follow(state: MembershipState): void;
  /** Forgets former keys whose time is over. Returns their key_ids. Throws where the disk does. */
  prune(): readonly string[];
  /** As `prune`, where a disk that fails is no reason to stop: a later one does it. */
  tidy(): void;
}

export function openOwnKeys(options: {
  readonly dir: string;
  readonly keypair: Keypair;
  readonly settings: () => ArchiveSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: ArchiveCounters;
  readonly files?: FileLayer;
}): OwnKeys {
  const { dir, clock, log, files = systemFiles } = options;
  removeTornKeys(dir);
  const archive = openKeypairArchive({ ...options, now: clock.now() });
  let current = options.keypair;
  let next = readNextKeypair(dir, current, log, clock.now());
  /** Whether the former pair's time in the archive began with this change, in this process. */
  let begunHere = false;
  /** The former pair, as long as keypair.json still holds it. */
  let unreplaced: Keypair | null = null;

  /** Throws where the disk does; called again until it does not. */
  function putInPlace(): void {
    if (unreplaced === null) return;
    // What was begun long ago comes into force now: grace is counted from here.
    if (!begunHere) archive.put(unreplaced, clock.now());
    begunHere = true;
    replaceKeypair(dir, files);
    unreplaced = null;
  }

  function tryPutInPlace(): void {
    try {
      putInPlace();
    } catch (thrown) {
      log.error({ error: String(thrown) }, "the keys in use are not in keypair.json yet; it is tried again");
    }
  }

  const keys: OwnKeys = {
    archive,
    get memberId() {
      return current.memberId;
    },
    get keyId() {
      return current.keyId;
    },
    get signingKey() {
      return current.signingKey;
    },
    get ed25519PublicKey() {
      return current.ed25519PublicKey;
    },
    get x25519PublicKey() {
      return current.x25519PublicKey;
    },
    get x25519Key() {
      return current.x25519Key;
    },
    get sealingSecret() {
      return current.sealingSecret;
    },
    get createdAt() {
      return current.createdAt;
    },
    get next() {
      return next;
    },
    opening() {
      const now = clock.now();
      const former = archive
        .keys()
        .filter(({ keyId, expiresAt }) => keyId !== current.keyId && Date.parse(expiresAt) > now);
      return [
        ownKey(current, false),
        ...(next === null ? [] : [ownKey(next, false)]),
        ...former.map((key) => ownKey(key, true)),
      ];
    },
    begin() {
      if (next !== null) return next;
      if (!hasKeypair(dir))
        throw new ClaudemeshError("not_allowed", "this member's keys are kept in no file, so they cannot be changed", {
          hint: "keys of an ephemeral member live as long as its daemon; another one has others",
        });
      try {
        // Else the pair that is written next would take the place of the only copy of the one in use.
        putInPlace();
        archive.put(current, clock.now());
        next = writeNextKeypair(dir, current, clock.now(), files);
        begunHere = true;
        return next;
      } catch (thrown) {
        // What the archive may have of the keys in use is no former key.
        keys.tidy();
        throw ClaudemeshError.from(thrown, "store_unavailable");
      }
    },
    abandon(why) {
      if (next === null) return;
      log.warn({ key_id: current.keyId, why }, "rotation abandoned: the keys stay as they are");
      next = null;
      try {
        removeNextKeypair(dir, files);
      } catch (thrown) {
        log.warn(
          { error: String(thrown) },
          "the keys that were to follow are still on disk; the next start settles it",
        );
        return;
      }
      keys.tidy();
    },
    follow(state) {
      const member = state.members.get(current.memberId);
      const named = member === undefined ? current.keyId : currentKeys(member).keyId;
      if (named === current.keyId) return;
      if (named !== next?.keyId) {
        log.error(
          { key_id: named, own_key_id: current.keyId, hint: "claudemesh doctor" },
          "the membership names keys of this member that are not here: another copy of this home has changed them, or an old copy was put back",
        );
        return;
      }
      unreplaced = current;
      current = next;
      next = null;
      log.info({ key_id: current.keyId, key_id_before: unreplaced.keyId }, "this member's keys are others now");
      tryPutInPlace();
    },
    prune() {
      tryPutInPlace();
      // Until then the archive may be all that has the former pair's key.
      if (unreplaced !== null) return [];
      return archive.prune({ keyId: current.keyId, changing: next !== null }, clock.now());
    },
    tidy() {
      try {
        keys.prune();
      } catch (thrown) {
        log.warn(
          { error: String(thrown) },
          "the archive of this member's former keys could not be written; it is tried again",
        );
      }
    },
  };
  return keys;
}

function ownKey(
  { x25519PublicKey: publicKey, x25519Key: key }: { readonly x25519PublicKey: string; readonly x25519Key: KeyObject },
  archived: boolean,
): OwnKey {
  return { publicKey, key, archived };
}
