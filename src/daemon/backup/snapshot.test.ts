import assert from "node:assert/strict";
import { hash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { openDatabase } from "../../base/sqlite-database.ts";
import { daemonFiles } from "../daemon-files.ts";
import { copyDatabase } from "./copy-database.ts";
import { type Snapshot, withSnapshot } from "./snapshot.ts";
import { stableFiles } from "./stable-files.ts";

const migrations = fileURLToPath(new URL("../../../migrations/daemon/outbox", import.meta.url));

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "cm-snapshot-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** An outbox with a table that its writer fills, open as a running daemon has it. */
function running(t: TestContext, path: string): DatabaseSync {
  const database = openDatabase(path, migrations);
  t.after(() => database.close());
  database.exec("CREATE TABLE pair (one INTEGER, other INTEGER)");
  return database;
}

async function contentOf(snapshot: Snapshot): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const file of snapshot.files) {
    const parts: Uint8Array[] = [];
    for await (const part of file.read()) parts.push(part);
    const bytes = Buffer.concat(parts);
    assert.deepEqual([bytes.length, hash("sha256", bytes, "hex")], [file.bytes, file.sha256], file.name);
    found.set(file.name, bytes);
  }
  return found;
}

test("a database is copied as it stands at one moment, with what only its log holds, while its daemon writes on", async (t) => {
  const dir = folder(t);
  const database = running(t, join(dir, "outbox.db"));
  const write = database.prepare("INSERT INTO pair VALUES (?, ?)");
  let written = 0;
  const writeOn = (): void => {
    database.exec("BEGIN");
    write.run(written, 0);
    write.run(written, 1);
    database.exec("COMMIT");
    written += 1;
  };
  for (let n = 0; n < 50; n += 1) writeOn();
  assert.ok(statSync(join(dir, "outbox.db-wal")).size > 0, "nothing of it is in the main file yet");
  let done = false;
  const copying = copyDatabase(join(dir, "outbox.db"), join(dir, "copy.db")).finally(() => {
    done = true;
  });
  while (!done) {
    writeOn();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(await copying, readdirSync(migrations).sort());
  const copy = new DatabaseSync(join(dir, "copy.db"), { readOnly: true });
  t.after(() => copy.close());
  const [row] = copy.prepare("SELECT count(*) AS rows, max(one) AS newest FROM pair").all();
  assert.ok(Number(row?.["newest"]) >= 49);
  assert.equal(row?.["rows"], (Number(row?.["newest"]) + 1) * 2, "whole transactions, and none is missing");
});

test("a damaged database is never backed up as if it were sound", async (t) => {
  const dir = folder(t);
  const path = join(dir, "outbox.db");
  openDatabase(path, migrations).close();
  const sound = readFileSync(path);
  for (const damage of [
    (bytes: Buffer) => bytes.fill(0, 0, 100),
    (bytes: Buffer) => bytes.fill(0xff, 4_096, 8_192),
    (bytes: Buffer) => bytes.subarray(0, 5_000),
    () => Buffer.from("not a database"),
    () => Buffer.alloc(0),
  ]) {
    for (const ending of ["", "-wal", "-shm"]) rmSync(`${path}${ending}`, { force: true });
    writeFileSync(path, damage(Buffer.from(sound)));
    rmSync(join(dir, "copy.db"), { force: true });
    await assert.rejects(copyDatabase(path, join(dir, "copy.db")), { code: "store_corrupt" });
  }
});

test("files are taken as they stood at one moment: a rotation of keys in between is not cut in half", () => {
  const names = ["keypair.json", "keypair-archive.json"];
  const disk = new Map([["keypair.json", "old"]]);
  let reads = 0;
  const found = stableFiles("/daemon", names, (path) => {
    const name = path.slice("/daemon/".length);
    const bytes = disk.get(name);
    reads += 1;
    // The whole rotation happens after the key was read: with the archive alone as it is then, the new key would be lost.
    if (reads === 1) {
      disk.set("keypair-archive.json", "holds old");
      disk.set("keypair.json", "new");
    }
    return bytes === undefined ? null : Buffer.from(bytes);
  });
  assert.deepEqual(
    [...found].map(([name, bytes]) => [name, bytes.toString()]),
    [
      ["keypair.json", "new"],
      ["keypair-archive.json", "holds old"],
    ],
  );
});

test("files that are never twice the same are given up, with what helps", () => {
  let reads = 0;
  const read = (): Buffer => {
    reads += 1;
    return Buffer.from(String(reads));
  };
  assert.throws(() => stableFiles("/daemon", ["keypair.json"], read), { code: "timed_out", hint: /daemon down/ });
  assert.equal(reads, 10);
});

test("a backup takes exactly the files that are for it, and leaves nothing of its own but its lock", async (t) => {
  const dir = folder(t);
  running(t, join(dir, "outbox.db"));
  const plain = ["keypair.json", "mesh.json", "topic_keys.json", "local_token", "launch.json", "daemon.log", "unknown"];
  for (const name of plain) writeFileSync(join(dir, name), name);
  // What a killed backup left.
  mkdirSync(join(dir, "backup.tmp"));
  writeFileSync(join(dir, "backup.tmp", "inbox.db"), "half");
  // Of hooks/ what is a hook: no other file, and nothing that a link leads to.
  mkdirSync(join(dir, "hooks"));
  for (const name of ["on-dm", "on-dm.bak"]) writeFileSync(join(dir, "hooks", name), name);
  symlinkSync(join(dir, "local_token"), join(dir, "hooks", "on-message"));
  const before = readdirSync(dir).filter((name) => name !== "backup.tmp");
  const taken = await withSnapshot(dir, daemonFiles, { messages: true }, async (snapshot) => {
    assert.equal(statSync(join(dir, "backup.tmp")).mode & 0o777, 0o700);
    assert.deepEqual(Object.keys(snapshot.migrations), ["outbox.db"]);
    return [...(await contentOf(snapshot)).keys()];
  });
  assert.deepEqual(taken, ["keypair.json", "topic_keys.json", "mesh.json", "hooks/on-dm", "outbox.db"]);
  assert.deepEqual(readdirSync(dir).sort(), [...before, "backup.lock"].sort());
  const keys = await withSnapshot(dir, daemonFiles, { messages: false }, async ({ files }) =>
    files.map(({ name }) => name),
  );
  assert.deepEqual(keys, ["keypair.json", "topic_keys.json", "mesh.json", "hooks/on-dm"]);
});

test("of two backups at once the second is told to wait, and one that fails leaves no copies behind", async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, "keypair.json"), "{}");
  await withSnapshot(dir, daemonFiles, { messages: true }, async () => {
    const second = withSnapshot(dir, daemonFiles, { messages: true }, async () => undefined);
    await assert.rejects(second, { code: "already_running" });
  });
  writeFileSync(join(dir, "inbox.db"), "no database");
  const failing = withSnapshot(dir, daemonFiles, { messages: true }, async () => undefined);
  await assert.rejects(failing, { code: "store_corrupt", hint: /--keys-only/ });
  assert.equal(existsSync(join(dir, "backup.tmp")), false);
});
