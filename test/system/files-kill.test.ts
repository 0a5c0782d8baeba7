import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chunkBytes } from "../../src/daemon/files/file-format.ts";
import { httpCall } from "../../src/http/http-call.fixture.ts";
import type { Attachment } from "../../src/protocol/attachment.ts";
import { privateKeyFromSeed, publicKeyHexOf } from "../../src/protocol/signing.ts";
import type { FileWork } from "../support/file-host-process.ts";
import { inheritedEnvironment } from "../support/inherited-environment.ts";
import { onEnd } from "../support/on-end.ts";
import { type BrokerProcess, brokerProcess } from "../support/program-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

const program = fileURLToPath(new URL("../support/file-host-process.ts", import.meta.url));

interface Host extends Omit<FileWork, "work"> {}

/** A process at its work, told line by line. */
function at(t: TestContext, host: Host, work: FileWork["work"]): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, [program, JSON.stringify({ ...host, work })], {
    env: inheritedEnvironment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  onEnd(t, async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = once(child, "close");
  child.kill("SIGKILL");
  await ended;
}

async function lastLine(lines: AsyncIterator<string>): Promise<string> {
  let last = "";
  for (let next = await lines.next(); !next.done; next = await lines.next()) last = next.value;
  return last;
}

async function hosts(t: TestContext): Promise<{ broker: BrokerProcess; folder: string; hosts: readonly [Host, Host] }> {
  const folder = tempFolder(t);
  const broker = await brokerProcess(t, join(folder, "broker"));
  const { json } = await httpCall(broker.admin, "POST", "/v1/meshes", { body: { slug: "team" } });
  const meshId = String(json["mesh_id"]);
  const made = async (name: string): Promise<Host> => {
    const seed = randomBytes(32);
    const memberId = publicKeyHexOf(privateKeyFromSeed(seed));
    const body = { member_id: memberId, name, role: "member" };
    await httpCall(broker.admin, "POST", `/v1/meshes/${meshId}/members`, { body });
    const secret = randomBytes(32).toString("hex");
    return { url: broker.url, meshId, folder: join(folder, name), memberId, seed: seed.toString("hex"), secret };
  };
  return { broker, folder, hosts: [await made("alice"), await made("bob")] };
}

function blobsOf(broker: BrokerProcess): Map<string, number> {
  const root = join(broker.dataDir, "files");
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => /[0-9a-f]{64}$/.test(name));
  return new Map(names.map((name) => [name, statSync(join(root, name)).ino]));
}

test("a host that is killed while it brings a file, and again, brings what is missing and no more", async (t) => {
  const {
    broker,
    folder,
    hosts: [alice, bob],
  } = await hosts(t);
  const content = randomBytes(24 * chunkBytes + 7);
  const path = join(folder, "file");
  writeFileSync(path, content);
  let before = new Map<string, number>();
  for (const wanted of [3, 9]) {
    const { child, lines } = at(t, alice, { kind: "bring", path });
    await lines.next();
    while (blobsOf(broker).size < wanted) await new Promise((resolve) => setImmediate(resolve));
    await killed(child);
    const now = blobsOf(broker);
    assert.ok(now.size < 26, "it was not yet done");
    for (const [name, inode] of before) assert.equal(now.get(name), inode, "brought once");
    before = now;
  }
  const attachment = JSON.parse(await lastLine(at(t, alice, { kind: "bring", path }).lines)) as Attachment;
  const after = blobsOf(broker);
  assert.equal(after.size, 26);
  for (const [name, inode] of before) assert.equal(after.get(name), inode, "brought once");
  assert.equal(readdirSync(join(alice.folder, "put")).length, 1);

  // The receiver is killed in the middle too, and what it has got needs no broker any more.
  const target = join(folder, "taken");
  const first = at(t, bob, { kind: "take", attachment, path: target });
  for (let n = 0; n < 5; n += 1) await first.lines.next();
  await killed(first.child);
  const got = readdirSync(join(bob.folder, "got", attachment.file_id)).filter((name) => /^(\d+|index)$/.test(name));
  assert.ok(got.length >= 5 && got.length < 26, `${got.length} pieces`);
  for (const name of [...before.keys()].slice(0, 1)) assert.ok(after.has(name));
  const second = at(t, bob, { kind: "take", attachment, path: target });
  assert.equal(await lastLine(second.lines), "whole");
  const hashOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
  assert.equal(hashOf(readFileSync(target)), hashOf(content));
  assert.deepEqual(readdirSync(join(bob.folder, "got")), []);
  assert.deepEqual(readdirSync(join(bob.folder, "tmp")), []);
});

test("a broker that is killed while a file comes keeps nothing half, and the host goes on by itself", async (t) => {
  const {
    broker,
    folder,
    hosts: [alice],
  } = await hosts(t);
  const path = join(folder, "file");
  writeFileSync(path, randomBytes(16 * chunkBytes));
  const { lines } = at(t, alice, { kind: "bring", path });
  await lines.next();
  while (blobsOf(broker).size < 2) await new Promise((resolve) => setImmediate(resolve));
  broker.kill("SIGKILL");
  await broker.ended;
  for (const name of blobsOf(broker).keys()) {
    const bytes = readFileSync(join(broker.dataDir, "files", name));
    assert.equal(createHash("sha256").update(bytes).digest("hex"), name.slice(-64), "whole, or not there");
  }
  const again = await brokerProcess(t, broker.dataDir);
  assert.equal(again.url, broker.url);
  const attachment = JSON.parse(await lastLine(lines)) as Attachment;
  assert.equal(attachment.bytes, 16 * chunkBytes);
  assert.equal(blobsOf(again).size, 17);
});
