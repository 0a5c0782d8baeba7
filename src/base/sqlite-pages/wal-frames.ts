import { closeSync, existsSync, fstatSync, openSync } from "node:fs";
import { readAt } from "./read-at.ts";

/** What a write-ahead log holds, frame by frame, as its checksums prove it. */
export interface WalFrames {
  /** As the log's header says; null: there is none that can be read. */
  readonly pageSize: number | null;
  /** Frames of the log's present round, in order. `sound`: proven by the checksums from the first on. */
  readonly frames: readonly { readonly page: number; readonly offset: number; readonly sound: boolean }[];
  /**
   * Frames of the present round stand behind one that is damaged. SQLite reads on as if the log ended before that one, and says
   * nothing: what was committed in them is gone from its view.
   */
  readonly damaged: boolean;
  read(offset: number, length: number): Buffer | null;
  close(): void;
}

const headerBytes = 32;
const frameHeaderBytes = 24;
/** The least bit of the magic number says in which order the checksums take the bytes. */
const magicLittle = 0x377f0682;

export function readWal(path: string): WalFrames {
  const none = { pageSize: null, frames: [], read: () => null, close: () => undefined };
  if (!existsSync(path)) return { ...none, damaged: false };
  const file = openSync(path, "r");
  const bytes = fstatSync(file).size;
  const header = readAt(file, 0, headerBytes);
  if (header === null || bytes === 0) {
    closeSync(file);
    return { ...none, damaged: bytes > 0 };
  }
  const rest = { read: (offset: number, length: number) => readAt(file, offset, length), close: () => closeSync(file) };
  const big = header.readUInt32BE(0) === magicLittle + 1;
  const sums: [number, number] = [0, 0];
  checksum(header.subarray(0, 24), big, sums);
  const headerHolds =
    (header.readUInt32BE(0) & ~1) === magicLittle &&
    sums[0] === header.readUInt32BE(24) &&
    sums[1] === header.readUInt32BE(28);
  const pageSize = header.readUInt32BE(8) === 1 ? 65_536 : header.readUInt32BE(8);
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0)
    return { pageSize: null, frames: [], damaged: true, ...rest };
  const salts = header.subarray(16, 24);
  const frames: { page: number; offset: number; sound: boolean }[] = [];
  let sound = headerHolds;
  let broken = false;
  for (let at = headerBytes; at + frameHeaderBytes + pageSize <= bytes; at += frameHeaderBytes + pageSize) {
    const frame = readAt(file, at, frameHeaderBytes + pageSize);
    if (frame === null) break;
    const isPresent = !headerHolds || frame.subarray(8, 16).equals(salts);
    if (sound) {
      checksum(frame.subarray(0, 8), big, sums);
      checksum(frame.subarray(frameHeaderBytes), big, sums);
      sound = isPresent && sums[0] === frame.readUInt32BE(16) && sums[1] === frame.readUInt32BE(20);
      // Frames of an earlier round, behind those of the present one, have other salts: that is no damage.
      if (!sound && !isPresent) continue;
    }
    if (!isPresent) continue;
    broken ||= !sound;
    frames.push({ page: frame.readUInt32BE(0), offset: at + frameHeaderBytes, sound });
  }
  return { pageSize, frames, damaged: broken || (!headerHolds && bytes > headerBytes), ...rest };
}

/** SQLite's own sum, over pairs of 32-bit words. */
function checksum(bytes: Buffer, big: boolean, sums: [number, number]): void {
  let [first, second] = sums;
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    first = (first + (big ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + second) >>> 0;
    second = (second + (big ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + first) >>> 0;
  }
  sums[0] = first;
  sums[1] = second;
}
