import assert from "node:assert/strict";
import { test } from "node:test";
import { createSseParser } from "./sse-parser.ts";

test("events are found however the bytes are cut, also inside a character", () => {
  const bytes = Buffer.from(': open\n\nid: 7\nevent: receipt\ndata: {"a":"é"}\n\ndata: one\ndata: two\n\n');
  const parser = createSseParser();
  const found = [...bytes].flatMap((byte) => parser.push(Uint8Array.of(byte)));
  assert.deepEqual(found, [
    { id: "7", event: "receipt", data: '{"a":"é"}' },
    { id: "7", event: "message", data: "one\ntwo" },
  ]);
});

test("an event that is not ended by an empty line is not told", () => {
  const parser = createSseParser();
  assert.deepEqual(parser.push(Buffer.from("id: 1\ndata: half\n")), []);
});

test("a block without data moves the last id and tells no event", () => {
  const parser = createSseParser();
  assert.deepEqual(parser.push(Buffer.from("id: 41\n\n")), []);
  assert.equal(parser.lastId(), "41");
});

test("an id counts only once its event is complete, so that a resumption does not skip half an event", () => {
  const parser = createSseParser();
  parser.push(Buffer.from("id: 5\ndata: x\n\nid: 6\ndata: y"));
  assert.equal(parser.lastId(), "5");
});

test("an event that has no end is given up, whether its lines have one or not", () => {
  const line = Buffer.from(`data: ${"x".repeat(1_000_000)}\n`);
  const endless = (bytes: Buffer) => () => {
    const parser = createSseParser();
    for (let pushed = 0; pushed < 20; pushed += 1) parser.push(bytes);
  };
  assert.throws(endless(line), RangeError);
  assert.throws(endless(line.subarray(0, -1)), RangeError);
  const empty = createSseParser();
  assert.throws(() => {
    for (let pushed = 0; pushed < 20; pushed += 1) empty.push(Buffer.from("data\n".repeat(1_000_000)));
  }, RangeError);
});
