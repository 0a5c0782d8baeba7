import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { sharedPostgres } from "../testing/postgres-server.ts";
import { type TwoBrokers, twoBrokers } from "../testing/two-brokers.ts";
import type { Identity } from "../testing/peer.ts";
import { blobIdOf, type BlobCall, callBlob } from "./blob-caller.fixture.ts";

const postgres = sharedPostgres();

async function two(t: TestContext, files?: { store: "disk"; directory: string }): Promise<TwoBrokers> {
  return twoBrokers(t, await (await postgres()).createDatabase(), files === undefined ? {} : { files });
}

const ask = (under: TwoBrokers, at: number, meshId: string, who: Identity, asked: BlobCall) =>
  callBlob({ broker: { url: under.brokers[at]?.url ?? "" }, clock: { now: () => Date.now() }, meshId }, who, asked);

test("brokers over a database share files where they share a place, and say so where they have none", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "cm-shared-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const under = await two(t, { store: "disk", directory });
  const meshId = await under.mesh("team");
  const alice = await under.member(meshId, "alice");
  const bytes = randomBytes(100_000);
  const blobId = blobIdOf(bytes);
  const puts = await Promise.all(
    [0, 1, 0, 1].map((at) => ask(under, at, meshId, alice, { method: "PUT", blobId, bytes })),
  );
  assert.deepEqual([...new Set(puts.map(({ status }) => (status === 201 ? 200 : status)))], [200]);
  for (const at of [0, 1])
    assert.deepEqual((await ask(under, at, meshId, alice, { method: "GET", blobId })).bytes, bytes);
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
  assert.equal(names.filter((name) => name.endsWith(blobId)).length, 1);
  assert.equal(await under.store.blobBytes(meshId), bytes.length);
});

test("a broker over a database without a named place takes no files, and its log says why", async (t) => {
  const under = await two(t);
  const meshId = await under.mesh("team");
  const alice = await under.member(meshId, "alice");
  const bytes = Buffer.from("x");
  const refused = await ask(under, 0, meshId, alice, { method: "PUT", blobId: blobIdOf(bytes), bytes });
  assert.deepEqual([refused.status, refused.code], [400, "feature_unavailable"]);
  assert.ok(under.logged.some(({ level, message }) => level === "warn" && message.startsWith("files cannot be sent")));
});
