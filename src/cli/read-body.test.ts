import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { limits } from "../protocol/limits.ts";
import { readBody } from "./read-body.ts";

const input = (...chunks: Uint8Array[]) => Readable.from(chunks, { objectMode: true });

test("UTF-8 goes as text, byte order mark and final line feed included", async () => {
  assert.deepEqual(
    await readBody(
      input(Buffer.from("\ufeffgrüße\n").subarray(0, 6), Buffer.from("\ufeffgrüße\n").subarray(6)),
      limits.inlineBytes,
    ),
    { message: "\ufeffgrüße\n" },
  );
});

test("bytes that are not UTF-8 go as base64url and lose nothing", async () => {
  const bytes = Uint8Array.of(0xff, 0x00, 0xc3);
  assert.deepEqual(await readBody(input(bytes), limits.inlineBytes), {
    body: Buffer.from(bytes).toString("base64url"),
  });
});

test("input over the limit is refused as soon as the limit is passed, naming it", async () => {
  let told = 0;
  const endless = async function* () {
    for (;;) {
      told += 1;
      yield Buffer.alloc(16_384);
    }
  };
  await assert.rejects(readBody(endless(), limits.inlineBytes), {
    code: "body_too_large",
    details: { bytes_max: limits.inlineBytes },
  });
  assert.equal(told, limits.inlineBytes / 16_384 + 1);
  assert.equal("message" in (await readBody(input(Buffer.alloc(limits.inlineBytes, "a")), limits.inlineBytes)), true);
});

test("a file that is missing or too large is refused by its name", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "claudemesh-cli-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const large = join(folder, "large");
  writeFileSync(large, Buffer.alloc(limits.inlineBytes + 1));
  await assert.rejects(readBody({ file: large }, limits.inlineBytes), {
    code: "body_too_large",
    message: new RegExp(`large holds ${limits.inlineBytes + 1} bytes`),
  });
  await assert.rejects(readBody({ file: join(folder, "none") }, limits.inlineBytes), {
    code: "usage",
    message: /there is no such file/,
  });
});
