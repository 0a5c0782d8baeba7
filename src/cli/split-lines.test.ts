import assert from "node:assert/strict";
import { test } from "node:test";
import { type Line, splitLines } from "./split-lines.ts";

async function lines(bytesMax: number, ...chunks: readonly string[]): Promise<[number, string | number][]> {
  const found: [number, string | number][] = [];
  const input = async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk);
  };
  for await (const line of splitLines(input(), bytesMax)) found.push([line.number, shown(line)]);
  return found;
}

function shown(line: Line): string | number {
  return "bytes" in line ? line.bytes.toString() : line.tooLong;
}

test("lines end with LF or CRLF wherever the chunks end, the last one also without; empty ones are counted only", async () => {
  assert.deepEqual(await lines(10, "one\ntw", "o\r", "\n\n", "\r\nfi", "ve"), [
    [1, "one"],
    [2, "two"],
    [5, "five"],
  ]);
  assert.deepEqual(await lines(10, ""), []);
  assert.deepEqual(await lines(10, "a\r"), [[1, "a"]]);
});

test("a line of just the limit is taken with either end, one byte more is not, and those around it are", async () => {
  assert.deepEqual(await lines(3, "abc\nabc\r\nabcd\nabcd\r\nabcdefgh", "ijk\nok"), [
    [1, "abc"],
    [2, "abc"],
    [3, 4],
    [4, 5],
    [5, 11],
    [6, "ok"],
  ]);
});

test("a line is told before the next chunk is asked for, and one without end is not kept in memory", async () => {
  let asked = 0;
  const input = async function* () {
    asked += 1;
    yield Buffer.from("first\n");
    for (let chunks = 0; chunks < 1_000; chunks += 1) {
      asked += 1;
      yield Buffer.alloc(65_536, "x");
    }
  };
  const reading = splitLines(input(), 16);
  const first = await reading.next();
  assert.deepEqual([first.done, asked], [false, 1]);
  const before = process.memoryUsage().arrayBuffers;
  const endless = await reading.next();
  assert.deepEqual(endless.value, { number: 2, tooLong: 65_536_000 });
  assert.ok(process.memoryUsage().arrayBuffers - before < 33_554_432);
});
