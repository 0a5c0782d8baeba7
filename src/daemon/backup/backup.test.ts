import assert from "node:assert/strict";
import { argon2Sync, createDecipheriv, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { hchacha20 } from "../sealing/xchacha.ts";
import { about, cheap, fileOf, folders, opened, sealed } from "./backup.fixture.ts";
import { headerBytes, keyCost, readHeader, writeHeader } from "./backup-header.ts";
import { readBackup } from "./read-backup.ts";
import { chunkBytes, openStream, sealStream } from "./sealed-stream.ts";

const sealedChunkBytes = chunkBytes + 16;

test("what is put into a backup comes out of it, whatever its length is", async (t) => {
  for (const length of [0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes]) {
    const files = [fileOf("keypair.json", randomBytes(300)), fileOf("inbox.db", randomBytes(length))];
    const out = (await opened(t, await sealed(files))) as { manifest: object; files: Map<string, Buffer> };
    assert.deepEqual(out.manifest, { ...about, files: files.map(({ read: _, ...listed }) => listed) });
    for (const { name, read } of files) assert.deepEqual(out.files.get(name), [...(read() as Buffer[])][0]);
  }
});

test("a program of a folder comes out as one that runs, and no name leads anywhere else", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cm-backup-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const hook = Buffer.from("#!/bin/sh\n");
  await readBackup(Readable.from([await sealed([fileOf("hooks/on-dm", hook)])]), "geheim", folder, folders);
  assert.equal(statSync(join(folder, "hooks", "on-dm")).mode & 0o777, 0o700);
  assert.deepEqual(readFileSync(join(folder, "hooks", "on-dm")), hook);
  for (const name of [
    "hooks/../keypair.json",
    "hooks/",
    "/on-dm",
    "hooks//on-dm",
    "hooks/on-dm/on-dm",
    "../on-dm",
    "files/on-dm",
  ])
    assert.equal(await opened(t, await sealed([fileOf(name, hook)])), "backup_unreadable", name);
  for (const name of ["hooks", "hooks/on-message"])
    assert.equal(await opened(t, await sealed([fileOf(name, hook)])), "schema_newer", name);
});

test("a wrong passphrase opens nothing, one that is composed otherwise is the same", async (t) => {
  assert.equal(await opened(t, await sealed(), "Geheim"), "backup_unreadable");
  assert.equal(await opened(t, await sealed(), ""), "backup_unreadable");
  const composed = await sealed(undefined, about, "caf\u00e9");
  assert.notEqual(await opened(t, composed, "cafe\u0301"), "backup_unreadable");
});

test("a bit that is flipped anywhere is found: in every byte of the header, and in each region of every chunk", async (t) => {
  const whole = await sealed();
  const places = Array.from({ length: headerBytes }, (_, at) => at);
  for (let chunk = headerBytes; chunk < whole.length; chunk += sealedChunkBytes) {
    const end = Math.min(chunk + sealedChunkBytes, whole.length);
    // Its beginning, its middle, the last byte that is sealed, its tag.
    places.push(chunk, chunk + 1, chunk + ((end - chunk) >> 1), end - 17, end - 16, end - 1);
  }
  assert.ok(places.length > headerBytes + 12);
  for (const at of places)
    for (const bit of at < headerBytes ? [0, 7] : [3]) {
      const changed = Buffer.from(whole);
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << bit), at);
      const code = await opened(t, changed);
      // The version of the format stands in the clear: a higher one is what a newer program writes.
      assert.ok(
        code === "backup_unreadable" || (code === "schema_newer" && [18, 19].includes(at)),
        `byte ${at}: ${String(code)}`,
      );
    }
});

test("a backup that is cut anywhere, has more behind it, or whose chunks are exchanged, doubled or left out is refused", async (t) => {
  const whole = await sealed();
  const chunk = (n: number): Buffer =>
    whole.subarray(headerBytes + n * sealedChunkBytes, headerBytes + (n + 1) * sealedChunkBytes);
  const header = whole.subarray(0, headerBytes);
  const [first, second, last] = [chunk(0), chunk(1), chunk(2)];
  assert.equal(Buffer.concat([header, first, second, last]).compare(whole), 0, "it has three chunks");
  const ends = [0, 1, headerBytes - 1, headerBytes, headerBytes + 5, headerBytes + sealedChunkBytes, whole.length - 1];
  const wrong = [
    ...ends.map((end) => whole.subarray(0, end)),
    Buffer.concat([whole, Buffer.alloc(1)]),
    Buffer.concat([header, second, first, last]),
    Buffer.concat([header, first, last]),
    Buffer.concat([header, first, second, second, last]),
    Buffer.concat([header, first, second]),
    Buffer.concat([header, first, second, last, last]),
  ];
  for (const bytes of wrong) assert.equal(await opened(t, bytes), "backup_unreadable", `${bytes.length} bytes`);
  const other = await sealed();
  const mixed = Buffer.concat([header, other.subarray(headerBytes)]);
  assert.equal(await opened(t, mixed), "backup_unreadable", "the header of another backup");
});

test("a header asks for no more memory and time than the program bears, before anything is computed", () => {
  const salt = { salt: randomBytes(16), noncePrefix: randomBytes(19) };
  for (const cost of [
    { memoryKiB: 64 * 1_048_576, passes: 3, parallelism: 4 },
    { memoryKiB: 0xffff_ffff, passes: 1, parallelism: 1 },
    { memoryKiB: 65_536, passes: 0xffff_ffff, parallelism: 4 },
    { memoryKiB: 65_536, passes: 3, parallelism: 255 },
    { memoryKiB: 65_536, passes: 0, parallelism: 4 },
    { memoryKiB: 65_536, passes: 3, parallelism: 0 },
    { memoryKiB: 31, passes: 3, parallelism: 4 },
    { memoryKiB: 0, passes: 3, parallelism: 1 },
  ])
    assert.throws(() => readHeader(writeHeader({ ...cost, ...salt })), { code: "backup_unreadable" });
  assert.deepEqual(readHeader(writeHeader({ ...keyCost, ...salt })), { ...keyCost, ...salt });
});

test("a newer format, and a file that a newer program knows, are told apart from damage", async (t) => {
  const newer = await sealed();
  newer.writeUInt16BE(2, 18);
  assert.equal(await opened(t, newer), "schema_newer");
  assert.equal(await opened(t, await sealed(undefined, { ...about, schema_version: 2 })), "schema_newer");
  assert.equal(await opened(t, await sealed(undefined, { ...about, of: "fleet" })), "schema_newer");
  assert.equal(await opened(t, await sealed([fileOf("keypair-of-tomorrow.json", Buffer.from("{}"))])), "schema_newer");
});

test("names, sizes and fields that would lead out of the folder or past its files are refused, by whom ever they were sealed", async (t) => {
  const bytes = Buffer.from("x");
  for (const name of [
    "../keypair.json",
    "/etc/passwd",
    "..",
    ".",
    "",
    "a/b",
    "a\\b",
    "C:\\x",
    "nul\0",
    ".hidden",
    "KEYPAIR.JSON",
    "a..b",
  ])
    assert.equal(await opened(t, await sealed([fileOf(name, bytes)])), "backup_unreadable", JSON.stringify(name));
  const right = fileOf("keypair.json", bytes);
  for (const file of [
    { ...right, bytes: 2 },
    { ...right, bytes: 0 },
    { ...right, bytes: -1 },
    { ...right, bytes: 1.5 },
    { ...right, bytes: 2 ** 53 },
    { ...right, sha256: "0".repeat(64) },
    { ...right, sha256: "" },
  ])
    assert.equal(await opened(t, await sealed([file])), "backup_unreadable", JSON.stringify(file));
  assert.equal(await opened(t, await sealed([right, right])), "backup_unreadable", "the same name twice");
  const silent = { ...fileOf("keypair.json", Buffer.alloc(0)), read: () => [bytes] };
  assert.equal(await opened(t, await sealed([silent])), "backup_unreadable", "bytes that belong to no file");
  for (const said of [
    { ...about, mesh: "../other" },
    { ...about, mesh: "" },
    { ...about, member_id: "alice" },
    { ...about, messages: "yes" },
    { ...about, migrations: null },
    { ...about, migrations: { "inbox.db": [1] } },
    { ...about, schema_version: 0 },
    { ...about, of: 7 },
    [],
  ])
    assert.equal(await opened(t, await sealed([right], said)), "backup_unreadable", JSON.stringify(said));
  assert.equal(await opened(t, Buffer.from("{}")), "backup_unreadable");
});

test("the format is what it says: each chunk opens by XChaCha20-Poly1305 with the place and the end in its nonce", async () => {
  const whole = await sealed([fileOf("keypair.json", Buffer.alloc(chunkBytes, 7))]);
  const header = whole.subarray(0, headerBytes);
  assert.equal(header.subarray(0, 18).toString("latin1"), "claudemesh-backup\n");
  const [salt, prefix] = [header.subarray(29, 45), header.subarray(45, 64)];
  const key = argon2Sync("argon2id", {
    message: "geheim",
    nonce: salt,
    parallelism: cheap.parallelism,
    memory: cheap.memoryKiB,
    passes: cheap.passes,
    tagLength: 32,
  });
  const plain: Buffer[] = [];
  for (const [place, isLast] of [
    [0, 0],
    [1, 1],
  ] as const) {
    const chunk = whole.subarray(headerBytes + place * sealedChunkBytes).subarray(0, sealedChunkBytes);
    const nonce = Buffer.concat([prefix, Buffer.from([0, 0, 0, place, isLast])]);
    const subkey = hchacha20(key, nonce.subarray(0, 16));
    const decipher = createDecipheriv(
      "chacha20-poly1305",
      subkey,
      Buffer.concat([Buffer.alloc(4), nonce.subarray(16)]),
      {
        authTagLength: 16,
      },
    );
    decipher.setAAD(header, { plaintextLength: chunk.length - 16 });
    decipher.setAuthTag(chunk.subarray(-16));
    plain.push(decipher.update(chunk.subarray(0, -16)), decipher.final());
  }
  const content = Buffer.concat(plain);
  const manifest = JSON.parse(content.subarray(4, 4 + content.readUInt32BE()).toString("utf8")) as { mesh: string };
  assert.equal(manifest.mesh, "work");
  assert.deepEqual(content.subarray(4 + content.readUInt32BE()), Buffer.alloc(chunkBytes, 7));
});

test("a chunk counts only at its place, under its header, and as the last one only where it is; nothing of another is given out", async () => {
  const header = { ...cheap, salt: randomBytes(16), noncePrefix: randomBytes(19) };
  const key = randomBytes(32);
  const chunks = await all(
    sealStream(key, header, from([randomBytes(chunkBytes), randomBytes(chunkBytes), randomBytes(9)])),
  );
  const [first = Buffer.alloc(0), second = first, last = first] = chunks;
  assert.equal(chunks.length, 3);
  const good = await all(openStream(key, header, from(chunks)));
  assert.deepEqual(
    good.map(({ length }) => length),
    [chunkBytes, chunkBytes, 9],
  );
  const changed = Buffer.from(second);
  changed.writeUInt8(changed.readUInt8(77) ^ 1, 77);
  for (const [wrong, opens] of [
    [[first, second], 1],
    [[first], 0],
    [[second, first, last], 0],
    [[first, first, last], 1],
    [[first, last], 1],
    [[first, second, last.subarray(0, 8)], 2],
    [[first, changed, last], 1],
    [[last], 0],
    [[], 0],
  ] as const) {
    const given: Buffer[] = [];
    const opening = async (): Promise<void> => {
      for await (const piece of openStream(key, header, from(wrong))) given.push(piece);
    };
    await assert.rejects(opening, { code: "backup_unreadable" });
    assert.deepEqual(given, good.slice(0, opens));
  }
  await assert.rejects(all(openStream(key, { ...header, passes: 2 }, from(chunks))), { code: "backup_unreadable" });
});

async function* from(parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* parts;
}

async function all(parts: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for await (const part of parts) found.push(Buffer.from(part));
  return found;
}
