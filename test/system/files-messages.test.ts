import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { InboxItem, OutboxRowView, SendResult } from "../../src/protocol/local-api.ts";
import { host, ok } from "../support/claudemesh.ts";
import { mesh } from "../support/mesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function* of(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 300_000) yield bytes.subarray(at, at + 300_000);
}

async function whole(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

test("a message brings files to a member and to a topic, and its retry is the same message", async (t) => {
  const { daemons, broker } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  const [large, small] = [randomBytes(3_000_001), Buffer.from("a,b\n1,2\n")];
  const put = async (name: string, bytes: Buffer) =>
    alice.client.files.put({ name, bytes: bytes.length, chunks: of(bytes) });
  const [first, second] = [await put("data.bin", large), await put("table.csv", small)];
  assert.equal(first.sha256, hashOf(large));
  const request = {
    to: "@bob",
    message: "both",
    client_message_id: "with-files",
    attachments: [
      { file_id: first.file_id },
      { file_id: second.file_id, name: "renamed.csv", content_type: "text/csv" },
    ],
  };
  const sent = await alice.client.send(request);
  await alice.client.waitFor(String(sent.outbox_id), "delivered");
  const again = await alice.client.send(request);
  assert.deepEqual([again.duplicate, again.outbox_id], [true, sent.outbox_id]);
  const other = { ...request, attachments: request.attachments.slice(1) };
  await assert.rejects(alice.client.send(other), { code: "idempotency_key_reused" });

  const { items } = await bob.client.inbox.list();
  const [item] = items;
  assert.ok(item?.encrypted && item.verified);
  assert.deepEqual(
    item.attachments.map(({ name, bytes, content_type }) => [name, bytes, content_type]),
    [
      ["data.bin", large.length, "application/octet-stream"],
      ["renamed.csv", small.length, "text/csv"],
    ],
  );
  const taken = await bob.client.files.take(item.inbox_id, first.file_id);
  assert.equal(taken.bytes, large.length);
  assert.equal(hashOf(await whole(taken.chunks)), hashOf(large));
  const rest = await bob.client.files.take(item.inbox_id, first.file_id, 2_500_000);
  assert.deepEqual(await whole(rest.chunks), large.subarray(2_500_000));
  await assert.rejects(bob.client.files.take(item.inbox_id, "0".repeat(64)), { code: "not_found" });
  await assert.rejects(bob.client.files.take(item.inbox_id + 1, first.file_id), { code: "not_found" });
  await assert.rejects(bob.client.files.take(item.inbox_id, first.file_id, large.length + 1), {
    code: "invalid_field",
  });

  const all = await alice.client.send({ to: "#all", message: "", attachments: [{ file_id: second.file_id }] });
  await alice.client.waitFor(String(all.outbox_id), "delivered");
  const [, news] = (await bob.client.inbox.list()).items;
  assert.ok(news !== undefined);
  const csv = await bob.client.files.take(news.inbox_id, second.file_id);
  assert.deepEqual(await whole(csv.chunks), small);
  const row = await alice.client.outbox.inspect(all.outbox_id);
  assert.deepEqual(
    row.attachments.map(({ name }) => name),
    ["table.csv"],
  );

  // No key in what anybody is told, and none of the content at the broker.
  const key = String(
    new DatabaseSync(join(bob.dir, "inbox.db"))
      .prepare("SELECT attachments FROM inbox WHERE attachments <> ''")
      .get()?.["attachments"],
  ).match(/"key":"([^"]+)"/)?.[1];
  assert.ok(key !== undefined);
  assert.ok(!JSON.stringify([items, row, sent, first]).includes(key));
  for (const name of readdirSync(broker.dataDir, { recursive: true, encoding: "utf8" })) {
    if (!/[0-9a-f]{64}$|\.db/.test(name)) continue;
    const bytes = readFileSync(join(broker.dataDir, name));
    assert.ok(!bytes.includes(key) && !bytes.includes("renamed.csv"), name);
  }
});

test("a row waits for its files and holds up no other destination; where they cannot be brought it ends and says why", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob", "carol"], { broker: { files: { store: "none" } } });
  const { alice } = daemons;
  const { file_id } = await alice.client.files.put({ name: "a", bytes: 3, chunks: of(Buffer.from("abc")) });
  const stuck = await alice.client.send({ to: "@bob", message: "with a file", attachments: [{ file_id }] });
  const free = await alice.client.send({ to: "@carol", message: "without" });
  await alice.client.waitFor(String(free.outbox_id), "delivered");
  await assert.rejects(alice.client.waitFor(String(stuck.outbox_id), "accepted"), { code: "feature_unavailable" });
  const row: OutboxRowView = await alice.client.outbox.inspect(stuck.outbox_id);
  assert.deepEqual([row.status, row.last_error?.code], ["dead", "feature_unavailable"]);
});

test("a message tells how much of its files the broker has, while it waits for them", async (t) => {
  const { broker, daemons } = await mesh(t, ["alice", "bob"]);
  const { client } = daemons.alice;
  const { file_id } = await client.files.put({ name: "a", bytes: 3, chunks: of(Buffer.from("abc")) });
  await broker.broker.stop();
  const sent = await client.send({ to: "@bob", message: "", attachments: [{ file_id }] });
  const id = String(sent.outbox_id);
  assert.deepEqual((await client.message(id)).files_sent, { bytes: 0, of: 3 });
  const without = await client.send({ to: "@bob", message: "no file" });
  assert.equal((await client.message(String(without.outbox_id))).files_sent, null);
  await broker.restart();
  assert.equal((await client.waitFor(id, "accepted")).files_sent, null);
});

test("a send of what was never handed over is refused and stores nothing", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const { client } = daemons.alice;
  const gone = { file_id: "0".repeat(64), name: "x" };
  await assert.rejects(client.send({ to: "@bob", message: "", attachments: [gone] }), { code: "file_gone" });
  const { file_id } = await client.files.put({ name: "a", bytes: 1, chunks: of(Buffer.from("a")) });
  const wrong = { to: "@bob", message: "", attachments: [{ file_id, name: "../a" }] };
  await assert.rejects(client.send(wrong), { code: "invalid_field" });
  assert.deepEqual((await client.outbox.list()).items, []);
  await assert.rejects(client.files.put({ name: "a/b", bytes: 0, chunks: of(Buffer.alloc(0)) }), {
    code: "invalid_field",
  });
});

test("a message of a queue brings files to whoever has its lease, as long as it lasts", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  const content = randomBytes(1_500_000);
  const { file_id } = await alice.client.files.put({ name: "plan.bin", bytes: content.length, chunks: of(content) });
  await alice.client.queues.create("jobs");
  await alice.client.send({ to: "queue:jobs", message: "build it", attachments: [{ file_id }] });
  const claim = async () => {
    const [item] = await bob.client.queues.claim("jobs", { wait_s: 30 });
    assert.ok(item !== undefined && "attachments" in item, JSON.stringify(item));
    return { item, lease: { lease_id: item.lease_id, queue: "queue:jobs" } };
  };
  const { item, lease } = await claim();
  const views = [{ name: "plan.bin", bytes: content.length, content_type: "application/octet-stream", file_id }];
  assert.deepEqual([item.message, item.attachments, await bob.client.files.list(lease)], ["build it", views, views]);
  await bob.client.queues.extend("jobs", lease.lease_id, { lease_s: 120 });
  assert.equal(hashOf(await whole((await bob.client.files.take(lease, file_id)).chunks)), hashOf(content));
  assert.deepEqual(
    await whole((await bob.client.files.take(lease, file_id, 1_400_000)).chunks),
    content.subarray(1_400_000),
  );
  await bob.client.queues.nack("jobs", lease.lease_id);
  await assert.rejects(bob.client.files.take(lease, file_id), { code: "not_found" });
  const again = await claim();
  assert.deepEqual(await bob.client.files.list(again.lease), views);
  for (const other of [lease, { ...again.lease, queue: "other" }])
    await assert.rejects(bob.client.files.list(other), { code: "not_found" });
  await bob.client.queues.ack("jobs", again.lease.lease_id);
  await assert.rejects(bob.client.files.list(again.lease), { code: "not_found" });
});

test("what history shows of a message has its files too: to late comers, to the receiver, and to the sender while it keeps them", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  const content = Buffer.from("a,b\n1,2\n");
  const { file_id } = await alice.client.files.put({ name: "table.csv", bytes: content.length, chunks: of(content) });
  await alice.client.topics.create("plans");
  for (const to of ["#plans", "@bob"]) {
    const sent = await alice.client.send({ to, message: "the table", attachments: [{ file_id }] });
    await alice.client.waitFor(String(sent.outbox_id), "accepted");
  }
  await bob.client.topics.join("plans");
  for (const [{ client }, address] of [
    [bob, "#plans"],
    [bob, "dm"],
    [alice, "#plans"],
    [alice, "dm"],
  ] as const) {
    for (;;) {
      const [item] = (await client.history(address)).items;
      assert.ok(item !== undefined);
      // The topic's key comes to a late comer a moment later.
      if (!("attachments" in item)) continue;
      const views = [{ name: "table.csv", bytes: content.length, content_type: "application/octet-stream", file_id }];
      assert.deepEqual(item.attachments, views);
      const message = { history_id: item.history_id, address };
      assert.deepEqual(await client.files.list(message), views);
      assert.deepEqual(await whole((await client.files.take(message, file_id)).chunks), content);
      await assert.rejects(client.files.take({ ...message, history_id: item.history_id + 9 }, file_id), {
        code: "not_found",
      });
      break;
    }
  }
});

test("the command line sends files, lists them and writes them, never over what is there and never outside", async (t) => {
  const alice = host(t, "alice");
  const folder = tempFolder(t);
  ok(await alice.up());
  const content = randomBytes(1_500_000);
  writeFileSync(join(folder, "report.bin"), content);
  writeFileSync(join(folder, ".hidden"), "x");
  const sent = JSON.parse(
    ok(
      await alice.run([
        "send",
        "@alice",
        "--attach",
        join(folder, "report.bin"),
        "--attach",
        join(folder, ".hidden"),
        "--wait",
        "delivered",
        "--json",
      ]),
    ),
  ) as SendResult;
  assert.equal(sent.duplicate, false);
  const [item] = (JSON.parse(ok(await alice.run(["inbox", "--json"]))) as { items: InboxItem[] }).items;
  const id = String(item?.inbox_id);
  assert.match(ok(await alice.run(["files", "list", id])), /report\.bin +1\.5 MB +application\/octet-stream/);
  assert.match(ok(await alice.run(["inbox", "show", id])), /files +report\.bin \(1\.5 MB\), \.hidden \(1 byte\)/);
  const target = join(folder, "out");
  mkdirSync(target);
  const get = (...words: string[]) => alice.run(["files", "get", id, ...words]);
  assert.match((await get("--out", target)).stderr, /brought 2 files, .*: name one/);
  assert.match(ok(await get("report.bin", "--out", target)), /^wrote report\.bin \(1\.5 MB\) to /);
  assert.equal(hashOf(readFileSync(join(target, "report.bin"))), hashOf(content));
  const over = await get("report.bin", "--out", target);
  assert.deepEqual([over.code, /is there already/.test(over.stderr)], [4, true]);
  writeFileSync(join(target, "report.bin"), "mine");
  ok(await get("report.bin", "--out", target, "--force"));
  assert.equal(hashOf(readFileSync(join(target, "report.bin"))), hashOf(content));
  const hidden = await get(".hidden");
  assert.deepEqual([hidden.code, /not one to write under/.test(hidden.stderr)], [2, true]);
  assert.equal((await get(".hidden", "--out", target)).code, 2);
  ok(await get(".hidden", "--out", join(target, "shown")));
  // A link that leads elsewhere is what is there: without force it stays, with force it is replaced and not followed.
  symlinkSync(join(folder, "elsewhere"), join(target, "link"));
  assert.equal((await get("report.bin", "--out", join(target, "link"))).code, 4);
  ok(await get("report.bin", "--out", join(target, "link"), "--force"));
  assert.deepEqual(readdirSync(folder).sort(), [".hidden", "out", "report.bin"]);
  assert.deepEqual(readdirSync(target).sort(), ["link", "report.bin", "shown"]);
  const number = String(item?.history_id);
  assert.match(ok(await alice.run(["files", "list", number, "--history", "dm"])), /report\.bin +1\.5 MB/);
  ok(await alice.run(["queue", "create", "jobs"]));
  ok(await alice.run(["send", "queue:jobs", "work", "--attach", join(folder, "report.bin"), "--wait", "accepted"]));
  const script = `"$0" "$1" files get "$CLAUDEMESH_LEASE_ID" --queue "$CLAUDEMESH_QUEUE" --out "$2"`;
  const program = fileURLToPath(new URL("../../src/bin/claudemesh.ts", import.meta.url));
  const worked = ["sh", "-c", script, process.execPath, program, join(target, "worked")];
  ok(await alice.run(["queue", "work", "jobs", "--count", "1", "--timeout", "30s", "--", ...worked]));
  assert.equal(hashOf(readFileSync(join(target, "worked"))), hashOf(content));
  for (const words of [
    ["x", "--history", "dm"],
    ["1", "--queue", "jobs"],
    ["1", "--history", "dm", "--queue", "jobs"],
  ])
    assert.equal((await alice.run(["files", "get", ...words])).code, 2, words.join(" "));
  const missing = await alice.run(["send", "@alice", "x", "--attach", join(folder, "none")]);
  assert.deepEqual([missing.code, /there is no such file/.test(missing.stderr)], [2, true]);
});
