import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";

/** Numbers in [0, 1) that a seed decides. */
export function seeded(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What disks and people do to a file. Each damages the database at `path`, or the log beside it. */
export const damages: Readonly<Record<string, (path: string, random: () => number) => void>> = {
  "pages overwritten": (path, random) => {
    for (let n = 0; n < 3; n += 1) overwrite(path, Math.floor(random() * pages(path)) * pageBytes, pageBytes, random);
  },
  "a page of zeros": (path, random) => {
    const at = Math.floor(random() * pages(path)) * pageBytes;
    overwrite(path, at, pageBytes, () => 0);
  },
  "single bytes flipped": (path, random) => {
    const bytes = readFileSync(path);
    for (let n = 0; n < 40; n += 1) {
      const at = Math.floor(random() * bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    }
    writeFileSync(path, bytes);
  },
  "the header zeroed": (path) => overwrite(path, 0, 100, () => 0),
  "the first page gone": (path, random) => overwrite(path, 0, pageBytes, random),
  "the file cut short": (path, random) => truncateSync(path, Math.floor(statSync(path).size * (0.3 + random() * 0.6))),
  "the log damaged": (path, random) => {
    const log = `${path}-wal`;
    if (!existsSync(log) || statSync(log).size < 2 * pageBytes) throw new Error("there is no log to damage");
    overwrite(log, 32 + Math.floor(random() * (statSync(log).size - 64)), 16, random);
  },
};

const pageBytes = 4_096;

function pages(path: string): number {
  return Math.floor(statSync(path).size / pageBytes);
}

function overwrite(path: string, at: number, length: number, random: () => number): void {
  const file = openSync(path, "r+");
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index += 1) bytes[index] = Math.floor(random() * 256);
  writeSync(file, bytes, 0, length, at);
  closeSync(file);
}
