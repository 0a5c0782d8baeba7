import type { PageFile } from "./page-file.ts";

export type RawValue = number | bigint | string | Uint8Array | null;

/** A record that some page of the file holds. Nothing says of which table, nor whether it is the newest of its row. */
export interface RawRow {
  /** null: of an index, whose records end with the row's id. */
  readonly rowid: number | null;
  readonly values: readonly RawValue[];
  /** It stands in the log behind a damaged place: newer than anything that SQLite sees. */
  readonly unseen: boolean;
}

const tableLeaf = 0x0d;
const indexLeaf = 0x0a;
/** Longer than anything that these databases hold. */
const recordBytesMax = 64 * 1_048_576;
const columnsMax = 256;

/** Every record that can be read of any leaf page, of the log's frames first and newest first. Damaged ones are left out. */
export function* leafRows(file: PageFile): Generator<RawRow> {
  const newest = new Map<number, number>();
  for (const { page, offset } of file.wal.frames) newest.set(page, offset);
  const current = (number: number): Buffer | null => {
    const offset = newest.get(number);
    return offset === undefined ? file.page(number) : file.frame(offset);
  };
  for (const { page, offset, sound } of file.wal.frames.toReversed()) {
    const bytes = file.frame(offset);
    if (bytes === null) continue;
    for (const row of rowsOf(bytes, page, file.pageSize, current)) yield { ...row, unseen: !sound };
  }
  for (let number = 1; number <= file.pages; number += 1) {
    const bytes = file.page(number);
    if (bytes === null) continue;
    for (const row of rowsOf(bytes, number, file.pageSize, current)) yield { ...row, unseen: false };
  }
}

type Cell = Omit<RawRow, "unseen">;
type Pages = (number: number) => Buffer | null;

function* rowsOf(page: Buffer, number: number, usable: number, pages: Pages): Generator<Cell> {
  const start = number === 1 ? 100 : 0;
  const kind = page[start];
  if (kind !== tableLeaf && kind !== indexLeaf) return;
  const cells = page.readUInt16BE(start + 3);
  for (let cell = 0; cell < cells && start + 10 + cell * 2 <= usable; cell += 1) {
    const row = readCell(page, page.readUInt16BE(start + 8 + cell * 2), kind === tableLeaf, usable, pages);
    if (row !== null) yield row;
  }
}

/** null: it is damaged. */
function readCell(page: Buffer, at: number, isTable: boolean, usable: number, pages: Pages): Cell | null {
  try {
    const length = readVarint(page, at);
    const id = isTable ? readVarint(page, length.end) : null;
    const bytes = Number(length.value);
    if (bytes < 2 || bytes > recordBytesMax) return null;
    const payload = readPayload(page, id?.end ?? length.end, bytes, isTable, usable, pages);
    const values = payload === null ? null : readRecord(payload);
    if (values === null) return null;
    return { rowid: id === null ? null : Number(BigInt.asIntN(64, id.value)), values };
  } catch (thrown) {
    if (thrown instanceof RangeError) return null;
    throw thrown;
  }
}

/** What does not fit the page goes on in a chain of others. */
function readPayload(
  page: Buffer,
  at: number,
  bytes: number,
  isTable: boolean,
  usable: number,
  pages: Pages,
): Buffer | null {
  const localMax = isTable ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (bytes <= localMax) return whole(page.subarray(at, at + bytes), bytes);
  const localMin = Math.floor(((usable - 12) * 32) / 255) - 23;
  const spread = localMin + ((bytes - localMin) % (usable - 4));
  const local = spread <= localMax ? spread : localMin;
  const parts = [page.subarray(at, at + local)];
  let left = bytes - local;
  let next = page.readUInt32BE(at + local);
  while (left > 0) {
    const more = next === 0 ? null : pages(next);
    if (more === null) return null;
    const taken = Math.min(left, usable - 4);
    parts.push(more.subarray(4, 4 + taken));
    next = more.readUInt32BE(0);
    left -= taken;
  }
  return whole(Buffer.concat(parts), bytes);
}

function whole(bytes: Buffer, length: number): Buffer | null {
  return bytes.length === length ? bytes : null;
}

function readRecord(payload: Buffer): RawValue[] | null {
  const header = readVarint(payload, 0);
  const headerEnd = Number(header.value);
  if (headerEnd > payload.length) return null;
  const types: number[] = [];
  let at = header.end;
  while (at < headerEnd) {
    const type = readVarint(payload, at);
    types.push(Number(type.value));
    at = type.end;
    if (types.length > columnsMax) return null;
  }
  if (at !== headerEnd) return null;
  const values: RawValue[] = [];
  for (const type of types) {
    const length = lengthOf(type);
    if (length === null || at + length > payload.length) return null;
    values.push(fieldOf(type, payload.subarray(at, at + length)));
    at += length;
  }
  return at === payload.length ? values : null;
}

const fixedLengths = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0] as const;

function lengthOf(type: number): number | null {
  if (type >= 12) return Math.floor((type - 12) / 2);
  return fixedLengths[type] ?? null;
}

function fieldOf(type: number, bytes: Buffer): RawValue {
  if (type === 0) return null;
  if (type === 7) return bytes.readDoubleBE(0);
  if (type === 8 || type === 9) return type - 8;
  if (type === 6) {
    const value = bytes.readBigInt64BE(0);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  if (type < 7) return bytes.readIntBE(0, bytes.length);
  return type % 2 === 0 ? new Uint8Array(bytes) : bytes.toString("utf8");
}

/** Throws RangeError beyond the end. */
function readVarint(bytes: Buffer, start: number): { readonly value: bigint; readonly end: number } {
  let value = 0n;
  for (let index = 0; index < 9; index += 1) {
    const byte = bytes.readUInt8(start + index);
    if (index === 8) return { value: (value << 8n) | BigInt(byte), end: start + 9 };
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  return { value, end: start + 9 };
}
