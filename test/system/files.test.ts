import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { createManualClock } from "../../src/base/manual-clock.fixture.ts";
import { blobName, chunkBytes } from "../../src/daemon/files/file-format.ts";
import type { Files } from "../../src/daemon/files/files.ts";
import { withBitFlipped } from "../../src/daemon/sealing/vectors.fixture.ts";
import type { Attachment } from "../../src/protocol/attachment.ts";
import { limits } from "../../src/protocol/limits.ts";
import { type FileHost, fileMesh, hostAt, hostileBroker, inPieces, whole } from "../support/file-hosts.ts";
import { type BrokerProcess, brokerProcess } from "../support/program-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

const never = new AbortController().signal;
const megabyte = chunkBytes;

interface Scene {
  readonly broker: BrokerProcess;
  readonly folder: string;
  readonly alice: FileHost;
  readonly bob: FileHost;
}

async function scene(t: TestContext): Promise<Scene> {
  const folder = tempFolder(t);
  const broker = await brokerProcess(t, join(folder, "broker"));
  const mesh = await fileMesh(broker);
  return {
    broker,
    folder,
    alice: await mesh.host(t, "alice", join(folder, "alice")),
    bob: await mesh.host(t, "bob", join(folder, "bob")),
  };
}

function put(files: Files, bytes: Buffer, name = "a.bin") {
  const file = { name, contentType: "application/octet-stream", bytesMax: 1_000_000_000 };
  return files.put({ ...file, incoming: inPieces(bytes) });
}

async function sent(files: Files, bytes: Buffer): Promise<Attachment> {
  const { file_id } = await put(files, bytes);
  await files.ensureUploaded([file_id], never);
  return files.attachment(file_id);
}

const take = async (files: Files, attachment: Attachment, from = 0): Promise<Buffer> =>
  whole((await files.take(attachment, from, never)).chunks);

/** Files below the broker's folder of blobs. */
function blobsOf({ broker }: Pick<Scene, "broker">): string[] {
  const root = join(broker.dataDir, "files");
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => /[0-9a-f]{64}$/.test(name))
    .map((name) => join(root, name));
}

for (const bytes of [0, 1, megabyte, megabyte + 1, 5 * megabyte - 7])
  test(`a file of ${bytes} bytes comes at its receiver as it was sent, and the broker sees nothing of it`, async (t) => {
    const under = await scene(t);
    const content = randomBytes(bytes);
    const attachment = await sent(under.alice.files, content);
    assert.equal(attachment.bytes, bytes);
    assert.deepEqual(await take(under.bob.files, attachment), content);
    const blobs = blobsOf(under);
    assert.equal(blobs.length, Math.ceil(bytes / megabyte) + 1);
    const secrets = [content.subarray(0, 64), Buffer.from(attachment.key), Buffer.from(attachment.name)];
    for (const path of blobs)
      assert.ok(!secrets.some((secret) => secret.length > 8 && readFileSync(path).includes(secret)));
  });

test("a take goes on at any byte", async (t) => {
  const { alice, bob } = await scene(t);
  const content = randomBytes(2 * megabyte + 100);
  const attachment = await sent(alice.files, content);
  for (const from of [1, megabyte - 1, megabyte, 2 * megabyte + 99]) {
    const { length } = await bob.files.take(attachment, from, never);
    assert.equal(length, content.length - from);
    assert.deepEqual(await take(bob.files, attachment, from), content.subarray(from));
  }
});

test("the same file is put once, kept once and brought once, whatever it is called", async (t) => {
  const under = await scene(t);
  const { files } = under.alice;
  const content = randomBytes(2 * megabyte);
  const [one, two] = await Promise.all([put(files, content, "one.bin"), put(files, content, "two.bin")]);
  assert.equal(one.file_id, two.file_id);
  assert.equal(one.sha256, createHash("sha256").update(content).digest("hex"));
  const bytes = files.bytes();
  assert.equal((await put(files, content, "three.bin")).name, "three.bin");
  assert.equal(files.bytes(), bytes);
  assert.equal(files.attachment(one.file_id, { name: "four.bin", contentType: "image/png" }).name, "four.bin");
  const fresh = await put(files, randomBytes(10));
  assert.equal(files.ready([one.file_id]), false);
  await Promise.all([1, 2, 3].map(() => files.ensureUploaded([one.file_id, fresh.file_id], never)));
  assert.equal(files.ready([one.file_id, fresh.file_id]), true);
  assert.equal(blobsOf(under).length, 3 + 2);
});

test("what stands on this host's disk is sealed, private and without any key", async (t) => {
  const { alice, folder } = await scene(t);
  const content = Buffer.from("the very secret content ".repeat(100));
  const { file_id } = await put(alice.files, content);
  const { key } = alice.files.attachment(file_id);
  const root = join(folder, "alice", "files");
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  assert.ok(names.length > 4);
  for (const name of names) {
    const found = statSync(join(root, name));
    assert.equal(found.mode & 0o077, 0, name);
    if (!found.isFile()) continue;
    const text = readFileSync(join(root, name));
    assert.ok(!text.includes("secret content") && !text.includes(key) && !text.includes(Buffer.from(key, "base64url")));
  }
  assert.equal(statSync(root).mode & 0o777, 0o700);
});

test("a file that breaks off, is too large or finds no room leaves nothing", async (t) => {
  const folder = tempFolder(t);
  const broker = await brokerProcess(t, join(folder, "broker"));
  const mesh = await fileMesh(broker);
  const { files } = await mesh.host(t, "alice", folder, { bytesMax: 3 * megabyte });
  const file = { name: "a", contentType: "text/plain", bytesMax: 2 * megabyte };
  async function* brokenOff(): AsyncGenerator<Buffer> {
    yield randomBytes(megabyte + 5);
    throw new Error("aborted");
  }
  await assert.rejects(files.put({ ...file, incoming: brokenOff() }), { code: "protocol_error" });
  await assert.rejects(files.put({ ...file, incoming: inPieces(randomBytes(2 * megabyte + 1)) }), {
    code: "body_too_large",
  });
  const roomy = { ...file, bytesMax: 10 * megabyte };
  await assert.rejects(files.put({ ...roomy, incoming: inPieces(randomBytes(4 * megabyte)) }), { code: "files_full" });
  assert.equal(files.bytes(), 0);
  assert.deepEqual(readdirSync(join(folder, "files", "tmp")), []);
  await put(files, randomBytes(megabyte));
});

test("files that went out, and blobs that came, make room; files that wait for their message do not", async (t) => {
  const folder = tempFolder(t);
  const broker = await brokerProcess(t, join(folder, "broker"));
  const mesh = await fileMesh(broker);
  const clock = createManualClock(Date.now());
  const waiting = new Set<string>();
  const inUse = (): ReadonlySet<string> => waiting;
  const { files } = await mesh.host(t, "alice", folder, { bytesMax: 3 * megabyte, clock, inUse });
  const first = await put(files, randomBytes(megabyte));
  waiting.add(first.file_id);
  const second = await put(files, randomBytes(megabyte));
  await files.ensureUploaded([first.file_id, second.file_id], never);
  const third = await put(files, randomBytes(megabyte + 5));
  assert.throws(() => files.attachment(second.file_id), { code: "file_gone" });
  assert.equal(files.attachment(first.file_id).file_id, first.file_id);
  await assert.rejects(put(files, randomBytes(megabyte + 6)), { code: "files_full" });
  clock.jump(clock.now() + 8 * 86_400_000);
  assert.equal(await files.prune(), 1);
  assert.throws(() => files.attachment(third.file_id), { code: "file_gone" });
});

test("another start has the files that were put, drops what was half made, and brings only what is missing", async (t) => {
  const under = await scene(t);
  const { alice, bob, folder } = under;
  const content = randomBytes(4 * megabyte);
  const { file_id } = await put(alice.files, content);
  const stop = new AbortController();
  // As a crash in the middle: the way ends after the first blob is there.
  assert.equal(alice.files.sent(file_id), 0);
  const way = alice.files.ensureUploaded([file_id], stop.signal);
  while (blobsOf(under).length === 0) await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new Error("cut"));
  await assert.rejects(way, { message: "cut" });
  writeFileSync(join(folder, "alice", "files", "tmp", "half"), "x");
  const before = new Map(blobsOf(under).map((path) => [path, statSync(path).ino]));
  const files = await alice.again(t);
  assert.deepEqual(readdirSync(join(folder, "alice", "files", "tmp")), []);
  assert.equal(files.ready([file_id]), false);
  const rest = files.ensureUploaded([file_id], never);
  while (files.sent(file_id) === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(files.sent(file_id) <= content.length);
  await rest;
  assert.equal(files.sent(file_id), content.length);
  for (const [path, inode] of before) assert.equal(statSync(path).ino, inode, "it was not brought again");
  assert.deepEqual(await take(bob.files, files.attachment(file_id)), content);
  const third = await alice.again(t);
  assert.equal(third.ready([file_id]), true);
});

test("a take that broke off goes on with what came, without the broker", async (t) => {
  const under = await scene(t);
  const { alice, bob, broker } = under;
  const content = randomBytes(4 * megabyte);
  const attachment = await sent(alice.files, content);
  const { chunks } = await bob.files.take(attachment, 0, never);
  for (let n = 0; n < 2; n += 1) await chunks.next();
  await chunks.return();
  const files = await bob.again(t);
  broker.kill("SIGKILL");
  await broker.ended;
  const { chunks: again } = await files.take(attachment, 0, never);
  const two = [(await again.next()).value, (await again.next()).value] as Buffer[];
  assert.deepEqual(Buffer.concat(two), content.subarray(0, 2 * megabyte));
});

test("a host's wrong clock keeps no file from its way", async (t) => {
  const folder = tempFolder(t);
  const broker = await brokerProcess(t, join(folder, "broker"));
  const mesh = await fileMesh(broker);
  const clock = createManualClock(Date.now() - 3_600_000);
  const { files } = await mesh.host(t, "alice", folder, { clock });
  await sent(files, randomBytes(100));
});

test("what a broker gives that is not the blob asked for is found out, and none of it comes out", async (t) => {
  const under = await scene(t);
  const { alice, folder } = under;
  const attachment = await sent(alice.files, randomBytes(2 * megabyte + 5));
  const other = await sent(alice.files, randomBytes(2 * megabyte + 5));
  const sealedOf = (fileId: string, place: number | "index"): Buffer =>
    readFileSync(join(folder, "alice", "files", "put", fileId, String(place)));
  const blobs = new Map(
    ([0, 1, 2, "index"] as const).map((place) => {
      const sealed = sealedOf(attachment.file_id, place);
      return [blobName(sealed), sealed];
    }),
  );
  const [first = "", second = ""] = [...blobs.keys()];
  const firstBytes = blobs.get(first) ?? assert.fail();
  const lies: Readonly<Record<string, Readonly<Record<string, Buffer>>>> = {
    "a flipped byte": { [first]: withBitFlipped(firstBytes, 4_711) },
    "a byte less": { [first]: firstBytes.subarray(1) },
    "a byte more": { [second]: Buffer.concat([blobs.get(second) ?? assert.fail(), Buffer.from("x")]) },
    nothing: { [first]: Buffer.alloc(0) },
    "swapped chunks": { [first]: blobs.get(second) ?? assert.fail(), [second]: firstBytes },
    "another file's index": { [attachment.file_id]: sealedOf(other.file_id, "index") },
    "another file's chunk": { [second]: sealedOf(other.file_id, 1) },
    "more than a blob can be": { [first]: Buffer.alloc(limits.blobBytesMax + 1) },
  };
  for (const [what, lie] of Object.entries(lies)) {
    const url = await hostileBroker(t, (blobId) => lie[blobId] ?? blobs.get(blobId) ?? null);
    const { files } = await hostAt(t, url, join(folder, what.replaceAll(" ", "-")));
    const content: Buffer[] = [];
    const taken = (async () => {
      for await (const chunk of (await files.take(attachment, 0, never)).chunks) content.push(chunk);
    })();
    const code = what.startsWith("more than") ? "broker_unreachable" : "file_damaged";
    await assert.rejects(taken, { code }, what);
    assert.ok(Buffer.concat(content).length <= megabyte, what);
  }
  const honest = await hostileBroker(t, (blobId) => blobs.get(blobId) ?? null);
  const { files } = await hostAt(t, honest, join(folder, "honest"));
  assert.equal((await take(files, attachment)).length, attachment.bytes);
});

test("a sender that tells nonsense of its file is found out", async (t) => {
  const { alice, bob } = await scene(t);
  const attachment = await sent(alice.files, randomBytes(megabyte + 5));
  const other = await sent(alice.files, randomBytes(megabyte + 5));
  for (const lie of [{ bytes: attachment.bytes + 1 }, { bytes: 5 }, { key: other.key }, { file_id: other.file_id }])
    await assert.rejects(take(bob.files, { ...attachment, ...lie }), { code: "file_damaged" }, JSON.stringify(lie));
});

test("a member who was revoked gets no file any more, and a file that is gone is told of as that", async (t) => {
  const { broker, alice, bob } = await scene(t);
  const attachment = await sent(alice.files, randomBytes(100));
  const store = new DatabaseSync(join(broker.dataDir, "broker.db"));
  store.exec(`UPDATE member SET status = 'revoked' WHERE member_id = '${bob.memberId}'`);
  await assert.rejects(take(bob.files, attachment), { code: "not_a_member" });
  store.exec(`UPDATE member SET status = 'active' WHERE member_id = '${bob.memberId}'`);
  store.exec("DELETE FROM blob");
  store.close();
  await assert.rejects(take(bob.files, attachment), { code: "file_gone" });
});

test("a file of 100 MB takes a bounded part of memory on its way in, to the broker and out", async (t) => {
  const { alice, bob } = await scene(t);
  const bytes = 100_000_000;
  async function* incoming(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes; at += 100_000) yield Buffer.alloc(100_000, at / 100_000);
  }
  let most = 0;
  const look = (): void => {
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  };
  const before = process.memoryUsage().arrayBuffers;
  const watched = async function* (): AsyncGenerator<Buffer> {
    for await (const piece of incoming()) {
      look();
      yield piece;
    }
  };
  const { file_id } = await alice.files.put({
    name: "large",
    contentType: "application/octet-stream",
    bytesMax: bytes,
    incoming: watched(),
  });
  await alice.files.ensureUploaded([file_id], never);
  look();
  const hash = createHash("sha256");
  let got = 0;
  const { chunks } = await bob.files.take(alice.files.attachment(file_id), 0, never);
  for await (const chunk of chunks) {
    hash.update(chunk);
    got += chunk.length;
    look();
  }
  const expected = createHash("sha256");
  for await (const piece of incoming()) expected.update(piece);
  assert.equal(got, bytes);
  assert.equal(hash.digest("hex"), expected.digest("hex"));
  // A chunk is 1 MiB, and some are at once on their way or wait for the collector.
  assert.ok(most - before < 64_000_000, `${most - before} bytes`);
});

test("a spool whose record or blobs somebody took away does not hand out a wrong file", async (t) => {
  const under = await scene(t);
  const { alice, folder } = under;
  const { file_id } = await put(alice.files, randomBytes(100));
  const at = join(folder, "alice", "files", "put", file_id);
  rmSync(join(at, "0"));
  await assert.rejects(alice.files.ensureUploaded([file_id], never), { code: "file_damaged" });
  writeFileSync(join(at, "about.json"), "{");
  const files = await alice.again(t);
  assert.throws(() => files.attachment(file_id), { code: "file_gone" });
});
