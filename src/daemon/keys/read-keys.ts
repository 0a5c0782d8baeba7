import type { Log } from "../../base/log.ts";
import { type EpochWrap, readEpochRecord, readEpochWrap } from "../../protocol/epoch.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import type { MembershipState } from "../../protocol/membership/state.ts";
import type { LinkRequest } from "../parts.ts";
import { unwrapEpochKey } from "../sealing/wrap.ts";
import { type EpochSet, orphaned, refusedEpoch, unexplained } from "./epoch-set.ts";
import type { OwnKey } from "./own-key.ts";

/** Pages of one reading: a broker that tells ever more of them is asked again another time. */
const pagesMax = 10_000;

export interface KeyReader {
  readonly memberId: string;
  readonly ownKeys: () => readonly OwnKey[];
  readonly state: () => MembershipState | null;
  /** Brings the membership to the broker's head. */
  readonly followMembership: () => Promise<void>;
  readonly log: Log;
}

/** What one reading of the broker's keys came to. */
export interface KeysRead {
  /** The broker has told everything up to here; below what was asked for: it has lost what it told before. */
  readonly cursor: number;
  /** The first item that names a membership which is not known; null: there was none. */
  readonly unexplainedFrom: number | null;
  /** Something was learned. */
  readonly changed: boolean;
  /** A key came of an epoch that is not known, or an epoch after one that is not: its record lies below what was read. */
  readonly orphaned: boolean;
  /** The epoch of the broker's log; null: it did not say. */
  readonly logEpoch: number | null;
  /** Wraps for this member that do not open. */
  readonly refused: readonly Pick<EpochWrap, "epoch_id" | "sealed_to">[];
}

/**
 * Reads what a broker keeps of keys, above a number, into `epochs`. Nothing of it is believed: a record holds by its signature and the
 * membership, a key by the epoch's id. What does not hold is left out and keeps nobody from the rest.
 */
export async function readKeys(
  request: LinkRequest,
  after: number,
  epochs: EpochSet,
  reader: KeyReader,
): Promise<KeysRead> {
  let cursor = after;
  let unexplainedFrom: number | null = null;
  let changed = false;
  let orphaned = false;
  let followed = false;
  let logEpoch: number | null = null;
  const refused: EpochWrap[] = [];
  const learning = { epochs, refused, isLast: after === 0, ...reader };
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const page = readPage(await request({ type: "keys", after: cursor }), cursor);
    const { items, through, nextAfter } = page;
    logEpoch = page.logEpoch;
    for (const item of items) {
      let outcome = learn(item, learning);
      if (outcome === "unexplained" && !followed) {
        followed = true;
        await reader.followMembership();
        outcome = learn(item, learning);
      }
      if (outcome === "unexplained") unexplainedFrom ??= item.keySeq;
      if (outcome === "learned") changed = true;
      if (outcome === "orphaned") orphaned = true;
    }
    cursor = nextAfter ?? through;
    if (nextAfter === null) break;
  }
  return { cursor, unexplainedFrom, changed, orphaned, logEpoch, refused };
}

interface PlacedItem {
  readonly keySeq: number;
  readonly fields: Record<string, unknown>;
}

type Outcome = "learned" | "known" | "unexplained" | "orphaned";

interface Learning extends KeyReader {
  readonly epochs: EpochSet;
  readonly refused: EpochWrap[];
  /** Everything that the broker has was read from its beginning: what is not known now does not come. */
  readonly isLast: boolean;
}

function learn({ keySeq, fields }: PlacedItem, learning: Learning): Outcome {
  const { epochs, log } = learning;
  try {
    switch (fields["kind"]) {
      case "epoch":
        return learnEpoch(fields["record"], keySeq, learning);
      case "wrap":
        return learnKey(fields["wrap"], learning);
      case "departed":
        epochs.depart(String(fields["destination"]), keySeq);
        return "learned";
      default:
        return "known";
    }
  } catch (thrown) {
    const { code, message } = ClaudemeshError.from(thrown);
    log.warn({ code, error: message, key_seq: keySeq }, "the broker's news of a topic's key cannot be read");
    return "known";
  }
}

function learnEpoch(value: unknown, keySeq: number, { epochs, isLast, state, log }: Learning): Outcome {
  const record = readEpochRecord(value);
  if (epochs.get(record.epoch_id) !== null) return epochs.tellAgain(record.epoch_id, keySeq) ? "learned" : "known";
  const known = state();
  if (known === null) return "unexplained";
  const refusal = refusedEpoch(record, known, epochs);
  if (refusal === unexplained) return "unexplained";
  if (refusal === orphaned && !isLast) return "orphaned";
  if (refusal !== null) {
    log.warn(
      { epoch: record.epoch_id, destination: record.destination, reason: refusal },
      "the key of a topic is refused",
    );
    return "known";
  }
  epochs.put({ record, keySeq, key: null });
  return "learned";
}

function learnKey(value: unknown, { epochs, refused, memberId, ownKeys, log }: Learning): Outcome {
  const wrap = readEpochWrap(value);
  const epoch = epochs.get(wrap.epoch_id);
  const own = ownKeys().find(({ publicKey }) => publicKey === wrap.sealed_to);
  if (own === undefined || wrap.member_id !== memberId) return "known";
  if (epoch === null) return "orphaned";
  if (epoch.key !== null) return "known";
  const key = unwrapEpochKey(Buffer.from(wrap.sealed, "base64url"), epoch.record, { memberId, ...own });
  if (key === null) {
    log.warn(
      { epoch: wrap.epoch_id, destination: epoch.record.destination },
      "a topic's key that was sealed to this member does not open",
    );
    refused.push(wrap);
    return "known";
  }
  epochs.put({ ...epoch, key });
  return "learned";
}

/** The answer is the broker's word: its numbers go up, or the reading ends. */
function readPage(
  answer: unknown,
  after: number,
): {
  readonly items: readonly PlacedItem[];
  readonly through: number;
  readonly nextAfter: number | null;
  readonly logEpoch: number | null;
} {
  const fields = isRecord(answer) ? answer : {};
  const { items, through, next_after: nextAfter, log_epoch: logEpoch } = fields;
  const goesOn = nextAfter === null || (Number.isSafeInteger(nextAfter) && Number(nextAfter) > after);
  if (!Array.isArray(items) || !Number.isSafeInteger(through) || Number(through) < 0 || !goesOn)
    throw new ClaudemeshError("protocol_error", "the broker's list of keys cannot be read", {
      hint: "claudemesh logs --level warn",
    });
  return {
    items: items.flatMap((item) => {
      const keySeq = isRecord(item) ? item["key_seq"] : undefined;
      return isRecord(item) && Number.isSafeInteger(keySeq) ? [{ keySeq: Number(keySeq), fields: item }] : [];
    }),
    through: Number(through),
    nextAfter: nextAfter === null ? null : Number(nextAfter),
    logEpoch: Number.isSafeInteger(logEpoch) ? Number(logEpoch) : null,
  };
}
