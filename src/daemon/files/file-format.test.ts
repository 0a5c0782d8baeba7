import assert from "node:assert/strict";
import { createSecretKey, randomBytes } from "node:crypto";
import { test } from "node:test";
import { withBitFlipped } from "../sealing/vectors.fixture.ts";
import { cut } from "./cut.ts";
import { blobName, chunkBytes, chunkCount, fileCipher, fileKey } from "./file-format.ts";

const secret = createSecretKey(Buffer.alloc(32, 1));
const sha256 = "ab".repeat(32);

test("the same file of the same member has the same key, and no other has it", () => {
  const key = fileKey(secret, sha256);
  assert.equal(key.length, 32);
  assert.deepEqual(fileKey(secret, sha256), key);
  assert.notDeepEqual(fileKey(secret, "ac".repeat(32)), key);
  assert.notDeepEqual(fileKey(createSecretKey(Buffer.alloc(32, 2)), sha256), key);
});

/** The names come from another implementation (Python's cryptography). */
test("a sealed file is the same bytes for ever: what is at a broker opens under every later version", () => {
  const cipher = fileCipher(fileKey(secret, sha256), chunkBytes + 3);
  assert.equal(
    blobName(cipher.sealChunk(1, Buffer.from("end"))),
    "36cb58f0f9ef94b0f306aaa331217bcc49b71e8703b1a669251798845aec4177",
  );
  const index = { bytes: chunkBytes + 3, sha256, chunks: ["cd".repeat(32), "ef".repeat(32)] };
  assert.equal(blobName(cipher.sealIndex(index)), "7fa7174e674318bbb3640b14e258ac80810a5996c06c1356fb9e7f9d31ae1909");
});

test("a chunk opens at its own place of its own file alone, whole and unchanged", () => {
  const bytes = 2 * chunkBytes + 5;
  const cipher = fileCipher(fileKey(secret, sha256), bytes);
  const chunks = [0, 1, 2].map((place) => randomBytes(place === 2 ? 5 : chunkBytes));
  const sealed = chunks.map((chunk, place) => cipher.sealChunk(place, chunk));
  for (const [place, one] of sealed.entries()) assert.deepEqual(cipher.openChunk(place, one), chunks[place]);
  const [first = Buffer.alloc(0), second = Buffer.alloc(0), last = Buffer.alloc(0)] = sealed;
  const others = [
    cipher.openChunk(1, first),
    cipher.openChunk(0, second),
    cipher.openChunk(3, last),
    cipher.openChunk(2, last.subarray(1)),
    cipher.openChunk(2, Buffer.concat([last, Buffer.from([0])])),
    cipher.openChunk(0, withBitFlipped(first, 12_345)),
    cipher.openChunk(0, withBitFlipped(first, first.length * 8 - 1)),
    fileCipher(fileKey(secret, sha256), bytes + 1).openChunk(0, first),
    fileCipher(fileKey(secret, sha256), bytes + chunkBytes).openChunk(0, first),
    fileCipher(fileKey(secret, "ac".repeat(32)), bytes).openChunk(0, first),
  ];
  assert.deepEqual(others, Array(others.length).fill(null));
});

test("an index opens for its own file alone, and only when it is one", () => {
  const bytes = chunkBytes + 1;
  const cipher = fileCipher(fileKey(secret, sha256), bytes);
  const index = { bytes, sha256, chunks: ["cd".repeat(32), "ef".repeat(32)] };
  const sealed = cipher.sealIndex(index);
  assert.deepEqual(cipher.openIndex(sealed), index);
  const wrong = [
    cipher.openIndex(withBitFlipped(sealed, 77)),
    cipher.openIndex(Buffer.alloc(0)),
    fileCipher(fileKey(secret, sha256), bytes + 1).openIndex(sealed),
    fileCipher(fileKey(secret, "ac".repeat(32)), bytes).openIndex(sealed),
    cipher.openIndex(cipher.sealChunk(0, Buffer.from(JSON.stringify({ format: 1, ...index })))),
    cipher.openIndex(cipher.sealIndex({ ...index, bytes: bytes + 1 })),
    cipher.openIndex(cipher.sealIndex({ ...index, chunks: index.chunks.slice(1) })),
    cipher.openIndex(cipher.sealIndex({ ...index, chunks: ["cd".repeat(32), "../../etc"] })),
    cipher.openIndex(cipher.sealIndex({ ...index, sha256: "x" })),
  ];
  assert.deepEqual(wrong, Array(wrong.length).fill(null));
});

test("bytes are cut into chunks of 1 MiB however they come", async () => {
  for (const bytes of [0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes]) {
    const whole = randomBytes(bytes);
    for (const piece of [65_536, 700_001, 4 * chunkBytes]) {
      const pieces = Array.from({ length: Math.ceil(bytes / piece) }, (_, n) =>
        whole.subarray(n * piece, (n + 1) * piece),
      );
      const chunks: Buffer[] = [];
      for await (const chunk of cut(of(pieces))) chunks.push(chunk);
      assert.equal(chunks.length, chunkCount(bytes));
      assert.ok(chunks.slice(0, -1).every(({ length }) => length === chunkBytes));
      assert.ok(Buffer.concat(chunks).equals(whole));
    }
  }
});

async function* of(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}
