/** What one link was pushed and has not acknowledged. Bounded in items and bytes; one destination takes at most half. */
export interface Window {
  /** Room for one destination, in items; 0: none. */
  room(destination: string): number;
  add(destination: string, seq: number, bytes: number): void;
  /** Frees everything of the destination up to `seq`. Returns the highest pushed seq that this covers, or null. */
  acknowledge(destination: string, seq: number): number | null;
  forget(destination: string): void;
}

export function createWindow(limits: { pushWindowItems: number; pushWindowBytes: number }): Window {
  const shares = new Map<string, { seqs: number[]; bytes: number[]; totalBytes: number }>();
  const shareItems = Math.max(1, limits.pushWindowItems >> 1);
  const shareBytes = Math.max(1, limits.pushWindowBytes >> 1);
  let items = 0;
  let totalBytes = 0;

  function release(share: { seqs: number[]; bytes: number[]; totalBytes: number }, count: number): void {
    const freed = share.bytes.splice(0, count).reduce((sum, size) => sum + size, 0);
    share.seqs.splice(0, count);
    share.totalBytes -= freed;
    items -= count;
    totalBytes -= freed;
  }

  return {
    room(destination) {
      if (totalBytes >= limits.pushWindowBytes) return 0;
      const share = shares.get(destination);
      if (share !== undefined && share.totalBytes >= shareBytes) return 0;
      return Math.max(0, Math.min(limits.pushWindowItems - items, shareItems - (share?.seqs.length ?? 0)));
    },
    add(destination, seq, bytes) {
      let share = shares.get(destination);
      if (share === undefined) {
        share = { seqs: [], bytes: [], totalBytes: 0 };
        shares.set(destination, share);
      }
      share.seqs.push(seq);
      share.bytes.push(bytes);
      share.totalBytes += bytes;
      items += 1;
      totalBytes += bytes;
    },
    acknowledge(destination, seq) {
      const share = shares.get(destination);
      if (share === undefined) return null;
      const kept = share.seqs.findIndex((pushed) => pushed > seq);
      const count = kept === -1 ? share.seqs.length : kept;
      if (count === 0) return null;
      const covered = share.seqs[count - 1] ?? null;
      release(share, count);
      if (share.seqs.length === 0) shares.delete(destination);
      return covered;
    },
    forget(destination) {
      const share = shares.get(destination);
      if (share === undefined) return;
      release(share, share.seqs.length);
      shares.delete(destination);
    },
  };
}
