import assert from "node:assert/strict";
import { test } from "node:test";
import { createResponseReader } from "./response-reader.ts";

interface Reading {
  status: number;
  headers: ReadonlyMap<string, string>;
  body: string;
  ended: "no" | "reusable" | "closing";
}

/** Feeds the bytes in pieces of `size`, as a socket may. */
function read(text: string, size: number): { reading: Reading; close: () => boolean } {
  const reading: Reading = { status: 0, headers: new Map(), body: "", ended: "no" };
  const reader = createResponseReader({
    head(status, headers) {
      reading.status = status;
      reading.headers = headers;
    },
    data(chunk) {
      reading.body += chunk.toString("utf8");
    },
    end(reusable) {
      reading.ended = reusable ? "reusable" : "closing";
    },
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  return { reading, close: () => reader.close() };
}

for (const size of [1, 3, 10_000]) {
  test(`a body of known length is read however it is cut (${size} bytes at a time)`, () => {
    const { reading } = read("HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\nX-Y:  z \r\n\r\nhello", size);
    assert.deepEqual(
      [reading.status, reading.body, reading.ended, reading.headers.get("x-y")],
      [202, "hello", "reusable", "z"],
    );
  });

  test(`a chunked body is joined, extensions and trailers skipped (${size} bytes at a time)`, () => {
    const { reading } = read(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nT: 1\r\n\r\n",
      size,
    );
    assert.deepEqual([reading.body, reading.ended], ["hello world", "reusable"]);
  });

  test(`an interim answer is passed over (${size} bytes at a time)`, () => {
    const { reading } = read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", size);
    assert.deepEqual([reading.status, reading.ended], [204, "reusable"]);
  });
}

test("a body without a length ends with the connection, which is then not used again", () => {
  const { reading, close } = read("HTTP/1.1 200 OK\r\n\r\nall there is", 4);
  assert.equal(reading.ended, "no");
  assert.equal(close(), true);
  assert.deepEqual([reading.body, reading.ended], ["all there is", "closing"]);
});

test("a connection that closes in the middle of a body leaves the answer incomplete", () => {
  assert.equal(read("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", 100).close(), false);
});

test("an answer that announces the close, or is followed by stray bytes, does not leave a reusable connection", () => {
  assert.equal(read("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 100).reading.ended, "closing");
  assert.equal(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200", 100).reading.ended, "closing");
});

for (const text of [
  "SSH-2.0-OpenSSH\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
]) {
  test(`bytes that are no HTTP answer are refused: ${JSON.stringify(text)}`, () => {
    assert.throws(() => read(text, 100), { code: "protocol_error" });
  });
}
