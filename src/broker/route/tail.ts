import type { PushEntry } from "./push-entry.ts";

/**
 * The newest messages of one mesh, in memory: what was just committed is pushed from here, and read from the store
 * only by who is further behind. Complete above `floor`: every message of the mesh above it is held.
 */
export interface Tail {
  /** `key` names the receiving destination over the whole mesh: `dm:<member_id>` or `topic:<topic_id>`. */
  append(key: string, entry: PushEntry): void;
  /** Messages of `key` above `afterSeq`, oldest first; null when `afterSeq` lies below what is held. */
  after(key: string, afterSeq: number, countMax: number): readonly PushEntry[] | null;
  /** Nothing up to `seq` is for anybody here: the numbers go on behind it. */
  skipTo(seq: number): void;
  /** Forgets everything: the log may hold what was not told here. */
  reset(): void;
}

export function createTail(limits: { tailItemsMax: number; tailBytesMax: number }): Tail {
  let byKey = new Map<string, PushEntry[]>();
  let order: { key: string; seq: number; bytes: number }[] = [];
  let oldest = 0;
  let bytes = 0;
  let floor = Number.POSITIVE_INFINITY;
  let newest = Number.NaN;

  function reset(): void {
    byKey = new Map();
    order = [];
    oldest = 0;
    bytes = 0;
    floor = Number.POSITIVE_INFINITY;
    newest = Number.NaN;
  }

  function evictOldest(): void {
    const gone = order[oldest];
    if (gone === undefined) return;
    oldest += 1;
    bytes -= gone.bytes;
    floor = gone.seq;
    const list = byKey.get(gone.key);
    // A list is trimmed when its dead part outgrows it; `after` skips what lies below the floor anyway.
    if (list !== undefined) {
      const last = list[list.length - 1];
      if (last === undefined || last.seq <= floor) byKey.delete(gone.key);
      else if ((list[list.length >> 1]?.seq ?? 0) <= floor) list.splice(0, firstAbove(list, floor));
    }
    if (oldest > 8_192 && oldest * 2 > order.length) {
      order = order.slice(oldest);
      oldest = 0;
    }
  }

  return {
    reset,
    append(key, entry) {
      // Numbers are gap-free; a jump means that a commit was not told here.
      if (entry.seq !== newest + 1) {
        reset();
        floor = entry.seq - 1;
      }
      newest = entry.seq;
      let list = byKey.get(key);
      if (list === undefined) {
        list = [];
        byKey.set(key, list);
      }
      list.push(entry);
      const size = entry.size;
      order.push({ key, seq: entry.seq, bytes: size });
      bytes += size;
      while (order.length - oldest > limits.tailItemsMax || (bytes > limits.tailBytesMax && order.length - oldest > 1))
        evictOldest();
    },
    skipTo(seq) {
      if (Number.isNaN(newest)) floor = seq;
      newest = seq;
    },
    after(key, afterSeq, countMax) {
      if (afterSeq < floor) return null;
      const list = byKey.get(key);
      if (list === undefined) return [];
      const first = firstAbove(list, afterSeq);
      return list.slice(first, first + countMax);
    },
  };
}

function firstAbove(list: readonly PushEntry[], seq: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.seq ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
