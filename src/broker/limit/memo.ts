import type { Rate } from "./gcra.ts";

export const freeUsesMax = 8;

const ttlMinUs = 60_000_000;
const ttlMaxUs = 600_000_000;

/** How long a memo lives: while the longer of the buckets fills, between one and ten minutes. */
export function memoTtlUs(mesh: Rate, member: Rate): number {
  return Math.min(Math.max(mesh.leadMaxUs, member.leadMaxUs, ttlMinUs), ttlMaxUs);
}

/**
 * Remembers what was allowed, for `ttlUs`. Every memo lives equally long, so the order of insertion is the order of
 * expiry and the oldest is always first.
 */
export interface Memo {
  /** True: this key was allowed before and passes at no cost. */
  use(key: string, nowUs: number): boolean;
  write(key: string, nowUs: number): void;
  forget(key: string): void;
  size(): number;
}

export function createMemo(options: { ttlUs: number; countMax: number; evicted: (count: number) => void }): Memo {
  const entries = new Map<string, { writtenUs: number; uses: number }>();

  /** A clock set back makes an entry look young again; one from the future is dropped instead of kept for long. */
  function live(writtenUs: number, nowUs: number): boolean {
    return writtenUs <= nowUs && nowUs - writtenUs < options.ttlUs;
  }

  function dropExpired(nowUs: number): void {
    for (const [key, entry] of entries) {
      if (live(entry.writtenUs, nowUs)) return;
      entries.delete(key);
    }
  }

  return {
    use(key, nowUs) {
      const entry = entries.get(key);
      if (entry === undefined) return false;
      if (!live(entry.writtenUs, nowUs) || entry.uses >= freeUsesMax) {
        entries.delete(key);
        return false;
      }
      entry.uses += 1;
      return true;
    },
    write(key, nowUs) {
      dropExpired(nowUs);
      entries.delete(key);
      entries.set(key, { writtenUs: nowUs, uses: 0 });
      if (entries.size <= options.countMax) return;
      for (const oldest of entries.keys()) {
        entries.delete(oldest);
        options.evicted(1);
        return;
      }
    },
    forget: (key) => void entries.delete(key),
    size: () => entries.size,
  };
}
