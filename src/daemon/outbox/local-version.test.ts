import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { localFingerprintVersion } from "../../protocol/fingerprint.ts";
import { type OutboxBench, outboxBench, request } from "./outbox.fixture.ts";

function onFile<T>({ path }: OutboxBench, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path);
  const result = work(db);
  db.close();
  return result;
}

const stored = (made: OutboxBench, row: number) =>
  onFile(made, (db) =>
    db
      .prepare("SELECT request_fingerprint AS fingerprint, fingerprint_version AS version FROM outbox WHERE id = ?")
      .get(row),
  );

test("a row keeps its local fingerprint's version, and is compared under it after another has become the usual one", async (t) => {
  const made = await outboxBench();
  t.after(() => made.close());
  const hello = request("one", "b", "hello");
  await made.outbox.accept(hello);
  assert.equal(stored(made, 1)?.["version"], localFingerprintVersion);
  // As a program wrote it whose usual version was 1.
  onFile(made, (db) =>
    db.prepare("UPDATE outbox SET fingerprint_version = 1, request_fingerprint = ?").run(hello.fingerprint(1)),
  );
  const again = await made.outbox.accept(hello);
  assert.deepEqual([again.kind, "duplicate" in again && again.duplicate], ["queued", true]);
  assert.equal(made.outbox.peek("one", hello.fingerprint)?.kind, "queued");
  const other = await made.outbox.accept(request("one", "b", "other"));
  assert.ok(other.kind === "conflict");
  assert.equal(other.conflict, "outbox_pending_fingerprint_mismatch");
  assert.equal(other.daemon_fingerprint_prefix, Buffer.from(hello.fingerprint(1)).toString("hex").slice(0, 16));
});

test("a row requeued from an older one has a fingerprint of the usual version", async (t) => {
  const made = await outboxBench();
  t.after(() => made.close());
  const hello = request("one", "b", "hello");
  await made.outbox.accept(hello);
  onFile(made, (db) =>
    db.prepare("UPDATE outbox SET fingerprint_version = 1, request_fingerprint = ?").run(hello.fingerprint(1)),
  );
  const { outbox_id } = await made.outbox.requeue(1, { new_id: "two" }, "test");
  assert.deepEqual(
    { ...stored(made, outbox_id) },
    {
      fingerprint: new Uint8Array(hello.fingerprint(localFingerprintVersion)),
      version: localFingerprintVersion,
    },
  );
});

test("a row whose version only a newer program knows is neither repeated nor denied", async (t) => {
  const made = await outboxBench();
  t.after(() => made.close());
  const hello = request("one", "b", "hello");
  await made.outbox.accept(hello);
  onFile(made, (db) => db.exec("UPDATE outbox SET fingerprint_version = 9"));
  await assert.rejects(made.outbox.accept(hello), {
    code: "store_unavailable",
    message: /newer claudemesh wrote row 1/,
  });
  assert.equal(made.outbox.counts().pending, 1);
});
