import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { removeFile, writeFileAtomic, writeNewFile } from "../../base/atomic-file.ts";
import { type FileLayer, systemFiles } from "../../base/file-layer.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { type ArchivedKey, archiveText, newestFirst, readArchive } from "./archive-file.ts";
import type { Keypair } from "./keypair.ts";

/** The part of config.toml that says how long keys are kept. */
export interface ArchiveSettings {
  readonly key_grace_period_days: number;
  readonly max_archived_keys: number;
  readonly archive_on_malformed: "quarantine" | "refuse";
}

export interface ArchiveCounters {
  expired(): void;
  forceExpired(): void;
  malformed(lost: number | null): void;
}

/** A file that could not be used as a whole. */
export interface ArchiveDamage {
  readonly problem: string;
  /** Where it lies now; null: the disk did not take it, and it lies where it lay. */
  readonly aside: string | null;
  readonly saved: readonly string[];
  readonly lost: number | null;
}

/**
 * keypair-archive.json: the keys that the member has rotated away (docs/keys.md). What is in it here is on disk, but for what was
 * saved from a damaged file that a full disk keeps from being moved aside.
 */
export interface KeypairArchive {
  /** Newest first. While keys are changed the one in use is among them. */
  keys(): readonly ArchivedKey[];
  /** On disk when it returns; when it throws, nothing has changed. */
  put(key: Keypair, now: number): ArchivedKey;
  /**
   * Drops what is past its date, then the oldest of what is too much. `inUse` stands in it only while keys are changed; `changing` false:
   * a crash has left it there. Returns the key_ids that are gone for good.
   */
  prune(inUse: { readonly keyId: string; readonly changing: boolean }, now: number): readonly string[];
  /** Found when it was opened; null: nothing was wrong. */
  readonly damage: ArchiveDamage | null;
}

const dayMs = 86_400_000;
/** Files that were moved aside in one second. */
const asideTriesMax = 100;

/** Throws invalid_config where a damaged file is to be refused, schema_newer for a later program's. A missing one is an empty one. */
export function openKeypairArchive(options: {
  readonly dir: string;
  readonly settings: () => ArchiveSettings;
  readonly now: number;
  readonly log: Log;
  readonly count: ArchiveCounters;
  readonly files?: FileLayer;
}): KeypairArchive {
  const { settings, log, count, files = systemFiles } = options;
  const path = join(options.dir, "keypair-archive.json");
  const opened = open();
  let keys = opened.keys;
  /** What is still to be moved aside before anything is written over it. */
  let unmoved = opened.unmoved;

  function open(): {
    readonly keys: readonly ArchivedKey[];
    readonly damage: ArchiveDamage | null;
    readonly unmoved: string | null;
  } {
    const text = textOf(path, log);
    if (text === null) return { keys: [], damage: null, unmoved: null };
    const read = readArchive(text, path);
    if (read.whole) return { keys: read.keys, damage: null, unmoved: null };
    if (settings().archive_on_malformed === "refuse") throw refused(path, read.problem);
    let aside: string | null = null;
    try {
      aside = setAside(text);
      keep(read.keys);
    } catch (thrown) {
      log.error(
        { path, error: String(thrown) },
        "a damaged archive of keys could not be moved aside; it is tried again",
      );
    }
    const damage = { problem: read.problem, aside, saved: read.keys.map(({ keyId }) => keyId), lost: read.lost };
    log.error(
      { path, ...damage },
      "the archive of this member's former keys is damaged: what was sealed to those that are lost stays sealed",
    );
    count.malformed(read.lost);
    return { keys: read.keys, damage, unmoved: aside === null ? text : null };
  }

  /** A copy under a name that nobody has, before the file itself is replaced: killed in between, both are there. */
  function setAside(text: string): string {
    const base = `${path}.malformed-${rfc3339(options.now).replace(/[-:]|\.\d+/g, "")}`;
    for (let n = 1; ; n += 1) {
      const aside = n === 1 ? base : `${base}-${n}`;
      try {
        writeNewFile(aside, text, files);
        return aside;
      } catch (thrown) {
        const taken = thrown instanceof Error && "code" in thrown && thrown.code === "EEXIST";
        if (!taken || n === asideTriesMax) throw thrown;
      }
    }
  }

  function keep(next: readonly ArchivedKey[]): void {
    if (next.length === 0) removeFile(path, files);
    else writeFileAtomic(path, archiveText(next, settings().max_archived_keys), 0o600, files);
  }

  function replace(next: readonly ArchivedKey[]): void {
    if (unmoved !== null) setAside(unmoved);
    unmoved = null;
    keep(next);
    keys = next;
  }

  return {
    damage: opened.damage,
    keys: () => keys,
    put(key, now) {
      const archived: ArchivedKey = {
        keyId: key.keyId,
        x25519PublicKey: key.x25519PublicKey,
        x25519Key: key.x25519Key,
        createdAt: key.createdAt,
        rotatedOutAt: rfc3339(now),
        expiresAt: rfc3339(now + settings().key_grace_period_days * dayMs),
      };
      replace(newestFirst([archived, ...keys.filter(({ keyId }) => keyId !== key.keyId)]));
      return archived;
    },
    prune({ keyId: inUse, changing }, now) {
      const former = keys.filter(({ keyId }) => keyId !== inUse);
      const living = former.filter(({ expiresAt }) => Date.parse(expiresAt) > now);
      const kept = living.slice(0, settings().max_archived_keys);
      const left = keys.filter((key) => kept.includes(key) || (changing && key.keyId === inUse));
      if (left.length === keys.length) return [];
      replace(left);
      for (const key of former.filter((one) => !kept.includes(one))) {
        const forced = living.includes(key);
        if (forced) {
          count.forceExpired();
          log.warn(
            { key_id: key.keyId, expires_at: key.expiresAt, max_archived_keys: settings().max_archived_keys },
            "a former key is dropped before its time, since there are too many: what is still sealed to it stays sealed",
          );
        } else {
          count.expired();
          log.info({ key_id: key.keyId, expires_at: key.expiresAt }, "a former key is dropped: its grace is over");
        }
      }
      return former.filter((key) => !kept.includes(key)).map(({ keyId }) => keyId);
    },
  };
}

function textOf(path: string, log: Log): string | null {
  try {
    const { mode } = statSync(path);
    if (process.platform !== "win32" && (mode & 0o077) !== 0)
      log.warn(
        { path, mode: (mode & 0o777).toString(8), hint: `chmod 600 ${path}` },
        "others can read the archive of this member's former keys",
      );
    return readFileSync(path, "utf8");
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return null;
    throw new ClaudemeshError("invalid_config", `${path} cannot be read: ${String(thrown)}`, {
      hint: "look at who owns the file and at the disk: claudemesh doctor",
      cause: thrown,
    });
  }
}

function refused(path: string, problem: string): ClaudemeshError {
  return new ClaudemeshError("invalid_config", `${path} is damaged: ${problem}`, {
    hint: "put the file back from a backup; or claudemesh config set crypto.archive_on_malformed quarantine, and what can be saved of it is kept",
    details: { path },
  });
}
