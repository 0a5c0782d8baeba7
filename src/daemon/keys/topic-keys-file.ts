import { renameSync } from "node:fs";
import { writeFileAtomic, readFileIfPresent } from "../../base/atomic-file.ts";
import type { Log } from "../../base/log.ts";
import { isBase64Url } from "../../protocol/envelope-check.ts";
import { type EpochRecord, readEpochRecord } from "../../protocol/epoch.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import { requirePrivate } from "../identity/private-file.ts";

const schemaVersion = 1;
const keyChars = 43;

/** An epoch that was verified, and its key where this member has it. */
export interface KnownEpoch {
  readonly record: EpochRecord;
  /** The broker's number of it: who left a destination after it may know its key. */
  readonly keySeq: number;
  /** 32 bytes. */
  readonly key: Buffer | null;
}

/** What a member holds of the keys of topics and queues. */
export interface TopicKeys {
  /** The broker has told everything up to here. */
  readonly cursor: number;
  /** The epoch of the broker's log in which its numbers were given; null: none was read. */
  readonly logEpoch: number | null;
  /** Where something lies that the chain did not explain yet, and from which is read again once it has grown; null: nothing. */
  readonly unexplainedFrom: number | null;
  readonly epochs: readonly KnownEpoch[];
  /** The newest departure of each destination, by the broker's number. */
  readonly departures: readonly { readonly destination: string; readonly keySeq: number }[];
}

export const noTopicKeys: TopicKeys = { cursor: 0, logEpoch: null, unexplainedFrom: null, epochs: [], departures: [] };

/** topic_keys.json (0600), replaced as a whole. */
export function writeTopicKeys(path: string, keys: TopicKeys): void {
  const file = {
    schema_version: schemaVersion,
    cursor: keys.cursor,
    log_epoch: keys.logEpoch,
    unexplained_from: keys.unexplainedFrom,
    epochs: keys.epochs.map(({ record, keySeq, key }) => ({
      record,
      key_seq: keySeq,
      key: key === null ? null : key.toString("base64url"),
    })),
    departures: keys.departures.map(({ destination, keySeq }) => ({ destination, key_seq: keySeq })),
  };
  writeFileAtomic(path, `${JSON.stringify(file)}\n`);
}

/**
 * What is on disk. A damaged file is moved aside, with an error in the log: the broker keeps the wraps, so every key comes again.
 * Throws schema_newer for a newer program's, invalid_config for one that others may read.
 */
export function readTopicKeys(path: string, log: Log, now: number): TopicKeys {
  const bytes = readFileIfPresent(path);
  if (bytes === null) return noTopicKeys;
  requirePrivate(path);
  let keys: TopicKeys | null;
  try {
    keys = parsed(JSON.parse(bytes.toString("utf8")), path);
  } catch (thrown) {
    // What JSON.parse says may quote the file: nothing of it goes any further.
    if (thrown instanceof ClaudemeshError && thrown.code === "schema_newer") throw thrown;
    keys = null;
  }
  if (keys !== null) return keys;
  const aside = `${path}.malformed-${now}`;
  renameSync(path, aside);
  log.error(
    { path, aside },
    "the file of topic keys is damaged and was moved aside; the keys come again from the broker",
  );
  return noTopicKeys;
}

function parsed(value: unknown, path: string): TopicKeys | null {
  if (!isRecord(value)) return null;
  const { schema_version: version, cursor, unexplained_from: unexplained, epochs, departures } = value;
  const logEpoch = value["log_epoch"] ?? null;
  if (typeof version === "number" && version > schemaVersion)
    throw new ClaudemeshError("schema_newer", `${path} was written by a newer claudemesh (schema ${version})`, {
      hint: "install that version or a later one",
    });
  if (version !== schemaVersion || !isPlace(cursor) || !Array.isArray(epochs) || !Array.isArray(departures))
    return null;
  if ((unexplained !== null && !isPlace(unexplained)) || (logEpoch !== null && !isPlace(logEpoch))) return null;
  return {
    cursor,
    logEpoch,
    unexplainedFrom: unexplained,
    epochs: epochs.map(knownEpoch),
    departures: departures.map(departure),
  };
}

function knownEpoch(value: unknown): KnownEpoch {
  const { record, key_seq: keySeq, key } = fieldsOf(value);
  if (!isPlace(keySeq)) throw damaged();
  if (key !== null && !(typeof key === "string" && key.length === keyChars && isBase64Url(key))) throw damaged();
  return { record: readEpochRecord(record), keySeq, key: key === null ? null : Buffer.from(key, "base64url") };
}

function departure(value: unknown): TopicKeys["departures"][number] {
  const { destination, key_seq: keySeq } = fieldsOf(value);
  if (typeof destination !== "string" || !isPlace(keySeq)) throw damaged();
  return { destination, keySeq };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw damaged();
  return value;
}

function isPlace(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function damaged(): ClaudemeshError {
  return new ClaudemeshError("invalid_config", "the file of topic keys is damaged");
}
