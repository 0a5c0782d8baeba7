import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { silentLog } from "../../src/base/log.ts";
import { readIdentity } from "../../src/daemon/identity/member.ts";
import { openMembershipFile } from "../../src/daemon/membership/membership-file.ts";
import type { OutboxRow } from "../../src/daemon/outbox/row.ts";
import { doubtOf } from "../../src/daemon/recover/judge-row.ts";
import { recoverDaemon } from "../../src/daemon/recover/recover.ts";
import type { LocalEvent } from "../../src/protocol/local-api.ts";
import { type TestDaemon, daemon } from "../support/daemon.ts";
import { damages, seeded } from "../support/damage.ts";
import { knowsAgent } from "../support/knows-agent.ts";
import { mesh } from "../support/mesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

type Row = Readonly<Record<string, unknown>>;

const now = Date.UTC(2026, 0, 2, 3, 4, 5);

test("sound databases are found to be so, and not a byte of them changes", async (t) => {
  const { alice } = (await mesh(t, ["alice"])).daemons;
  await alice.client.send({ to: "@alice", message: "hello" });
  await alice.daemon.stop();
  const bytes = () => ["outbox.db", "inbox.db"].map((name) => readFileSync(join(alice.dir, name)));
  const [before, names] = [bytes(), readdirSync(alice.dir).sort()];
  const report = recoverDaemon(alice.dir, now);
  assert.deepEqual([report.outbox.state, report.inbox.state], ["sound", "sound"]);
  assert.deepEqual(bytes(), before);
  assert.deepEqual(readdirSync(alice.dir).sort(), names);
});

test("a daemon that runs is left alone", async (t) => {
  const { alice } = (await mesh(t, ["alice"])).daemons;
  assert.throws(() => recoverDaemon(alice.dir, now), { code: "already_running" });
});

test("whatever is done to an outbox, each row of it is saved as it was, or is named and not sent", async (t) => {
  const { closed, open, pristine } = await outboxOfManyKinds(t);
  const totals = { saved: 0, held: 0, doubted: 0, lost: 0 };
  for (const [name, damage] of Object.entries(damages))
    for (let seed = 1; seed <= (name === "the log damaged" ? 8 : 4); seed += 1) {
      const dir = join(tempFolder(t), "d");
      cpSync(name === "the log damaged" ? open : closed, dir, { recursive: true });
      damage(join(dir, "outbox.db"), seeded(seed));
      const damaged = readFileSync(join(dir, "outbox.db"));
      const report = recoverDaemon(dir, now).outbox;
      const what = `${name}, seed ${seed}`;
      if (report.state === "sound") {
        assert.ok(["single bytes flipped", "a page of zeros"].includes(name), what);
        const rows = rowsOf(join(dir, "outbox.db"));
        assert.equal(rows.length, pristine.length, what);
        for (const [index, row] of rows.entries()) checkRow(row, pristine[index] ?? {}, `${what}: row ${index + 1}`);
        continue;
      }
      assert.ok(report.salvage !== null && report.set_aside !== null, what);
      assert.match(report.set_aside, /outbox\.db\.corrupt-20260102T030405Z$/);
      assert.ok(readFileSync(report.set_aside).equals(damaged), `${what}: the damaged file is kept whole`);
      const { held, doubted, lost } = report.salvage;
      const named = new Map([
        ...held.map((row) => [row.outbox_id, "held"] as const),
        ...doubted.map((id) => [id, "doubted"] as const),
        ...lost.map((row) => [row.outbox_id, "lost"] as const),
      ]);
      const after = new Map(rowsOf(join(dir, "outbox.db")).map((row) => [Number(row["id"]), row]));
      for (const row of pristine) {
        const id = Number(row["id"]);
        const found = after.get(id);
        if (named.get(id) === "lost") assert.equal(found, undefined, `${what}: row ${id}`);
        else if (found === undefined) assert.fail(`${what}: row ${id} is gone and not named`);
        else checkRow(found, row, `${what}: row ${id}, ${named.get(id) ?? "saved"}`);
      }
      assert.ok(
        [...after.keys()].every((id) => id <= pristine.length),
        `${what}: nothing is there that never was`,
      );
      totals.saved += report.salvage.saved;
      totals.held += held.length;
      totals.doubted += doubted.length;
      totals.lost += lost.length;
      const sequence = new DatabaseSync(join(dir, "outbox.db")).prepare("SELECT seq FROM sqlite_sequence").get();
      assert.ok(Number(sequence?.["seq"]) >= Math.max(0, ...after.keys()), what);
    }
  t.diagnostic(JSON.stringify(totals));
  assert.ok(totals.saved > totals.held + totals.doubted + totals.lost, JSON.stringify(totals));
});

test("of an outbox whose first page is gone no row is told to be lost that never was", async (t) => {
  const { alice } = (await mesh(t, ["alice"])).daemons;
  await alice.client.send({ to: "@alice", message: "the only one" });
  await alice.daemon.stop();
  damages["the header zeroed"]?.(join(alice.dir, "outbox.db"), seeded(1));
  const { salvage } = recoverDaemon(alice.dir, now).outbox;
  assert.deepEqual([salvage?.saved, salvage?.lost], [1, []]);
});

test("a row is sent only if its id, its content, its place and whom it mentions are proven", async (t) => {
  const { closed, pristine } = await outboxOfManyKinds(t);
  const rows = pristine as unknown as readonly OutboxRow[];
  const { memberId, keyId, mesh: file } = readIdentity(closed);
  const ids = new Map(rows.map((row) => [row.id, new Set([row.client_message_id, row.destination])]));
  const proof = {
    meshId: file.mesh_id,
    memberId,
    keyIds: new Set([memberId, keyId]),
    state: openMembershipFile(closed, file.mesh_id, silentLog)?.state ?? null,
    indexed: (id: number) => ids.get(id) ?? new Set<string>(),
    row: (id: number) => rows.find((row) => row.id === id) ?? null,
  };
  const open = rows.filter(({ status }) => status === "pending" || status === "inflight");
  const other = open.at(-1)?.client_message_id ?? "";
  const changes: readonly Partial<OutboxRow>[] = [
    { client_message_id: "p-999" },
    { client_message_id: other },
    { to_text: "#opz" },
    { destination: "dm:x" },
    { destination_kind: "queue", destination: "queue:ops", destination_ref: "ops" },
    { destination: "topic:opz", destination_kind: "topic", destination_ref: "opz" },
    { destination: `dm:${"0".repeat(64)}`, destination_kind: "dm", destination_ref: "0".repeat(64) },
    { body: Buffer.from("other") },
    { body: null },
    { content_type: "text/html" },
    { priority: "low" },
    { meta: '{"n":2}' },
    { mentions: JSON.stringify(["0".repeat(64)]) },
    { mentions_written: '["@alice"]' },
    { reply_to: "01a21789-3213-7e63-a1f3-5cf99a4ba3d5" },
    { supersedes: "x", supersedes_row: 1 },
    { supersedes: "x" },
  ];
  let unsent = 0;
  for (const row of open) {
    assert.equal(doubtOf(row, proof), null, `row ${row.id}`);
    if (row.transmitted === 1 || row.id === open.at(-1)?.id) continue;
    unsent += 1;
    for (const change of changes)
      assert.notEqual(doubtOf({ ...row, ...change }, proof), null, `row ${row.id}: ${JSON.stringify(change)}`);
  }
  assert.ok(unsent > 20, `${unsent}`);
  // What was frozen is proven by its own signature; here one that a broker has had.
  const frozen = rows.find(({ envelope, body }) => envelope !== null && body !== null) ?? assert.fail("none was sent");
  const again = { ...frozen, status: "pending", doom: null } as const;
  assert.equal(doubtOf(again, proof), null);
  const envelope = JSON.parse(frozen.envelope ?? "") as Record<string, unknown>;
  for (const change of [
    { envelope: null },
    { envelope: JSON.stringify({ ...envelope, meta: '{"n":9}' }) },
    { envelope: JSON.stringify({ ...envelope, key_id: "0".repeat(64) }) },
    { envelope: open[0]?.envelope ?? "{}" },
    { client_message_id: "p-999", minted: 0 },
    { destination: "topic:opz", destination_kind: "topic", destination_ref: "opz" },
  ] as const)
    assert.notEqual(doubtOf({ ...again, ...change }, proof), null, JSON.stringify(change));
});

/** A row that would be sent is the one that was accepted, to the last field that says what is sent, and where. */
function checkRow(found: Row, pristine: Row, what: string): void {
  if (!what.endsWith("doubted")) assert.equal(found["client_message_id"], pristine["client_message_id"], what);
  const open = found["status"] === "pending" || found["status"] === "inflight";
  if (!open || found["doom"] !== null) return;
  for (const field of sentFields) assert.deepEqual(found[field], pristine[field], `${what}: ${field}`);
}

const sentFields = [
  "minted",
  "to_text",
  "destination",
  "destination_kind",
  "destination_ref",
  "body",
  "content_type",
  "priority",
  "meta",
  "mentions",
  "reply_to",
  "supersedes",
  "attachments",
  "envelope",
];

test("what was frozen goes out under its id as it is, once, after a recovery; a retry of its caller finds it", async (t) => {
  const made = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = made.daemons;
  await alice.client.send({ to: "@bob", message: "before", client_message_id: "before" }, { wait: "delivered" });
  await made.broker.broker.stop();
  const text = (n: number): string => `${n} ${"x".repeat(2_000)}`;
  for (let n = 0; n < 30; n += 1)
    await alice.client.send({ to: "@bob", message: text(n), client_message_id: `m-${n}` });
  await alice.daemon.stop();
  damages["the first page gone"]?.(join(alice.dir, "outbox.db"), seeded(7));
  const { outbox } = recoverDaemon(alice.dir, now);
  assert.deepEqual([outbox.salvage?.saved, outbox.salvage?.held, outbox.salvage?.lost], [31, [], []]);
  await made.broker.restart();
  const again = await daemon(t, { dir: alice.dir });
  for (let n = 0; n < 30; n += 1) await again.client.waitFor(`m-${n}`, "delivered");
  assert.equal((await again.client.send({ to: "@bob", message: text(3), client_message_id: "m-3" })).duplicate, true);
  const got = (await bob.client.inbox.list({ limit: 100 })).items.map(({ message }) => message);
  assert.deepEqual(got, ["before", ...Array.from({ length: 30 }, (_, n) => text(n))]);
});

test("a damaged inbox is made anew of the broker's history: in its old places, each message once, and nobody is told of it as of new mail", async (t) => {
  const { alice, bob } = (await mesh(t, ["alice", "bob"])).daemons;
  await alice.client.topics.create("ops");
  await bob.client.topics.join("ops");
  for (let n = 0; n < 40; n += 1)
    await alice.client.send(
      { to: n % 3 === 0 ? "#ops" : "@bob", message: `${n} ${"y".repeat(800)}` },
      { wait: "delivered" },
    );
  const before = (await bob.client.inbox.list({ limit: 100 })).items;
  assert.equal(before.length, 40);
  for (const { inbox_id: id } of before.slice(0, 10)) await bob.client.inbox.markRead(id);
  const lastEvent = (await eventsOf(bob, 0, ({ event }) => event === "message", 40)).at(-1)?.id ?? 0;
  await bob.daemon.stop();
  damages["pages overwritten"]?.(join(bob.dir, "inbox.db"), seeded(3));
  await assert.rejects(daemon(t, { dir: bob.dir }), { code: "store_corrupt", hint: "claudemesh recover" });
  const report = recoverDaemon(bob.dir, now).inbox;
  assert.equal(report.state, "recovered");
  assert.ok(existsSync(report.set_aside ?? ""));
  const places = report.salvage?.places ?? 0;
  assert.ok(places > 10, `${places}`);

  const again = await daemon(t, { dir: bob.dir });
  const told = await eventsOf(again, lastEvent, ({ event }) => event === "inbox_rebuilt", 1);
  assert.deepEqual(
    told.filter(({ event }) => event === "message" || event === "mention"),
    [],
  );
  assert.equal(told.at(-1)?.data["messages"], 40);
  const after = (await again.client.inbox.list({ limit: 100 })).items;
  assert.deepEqual(after.map(({ message }) => message).sort(), before.map(({ message }) => message).sort());
  assert.ok(after.every(({ restored, verified }) => restored === true && verified));
  const placed = after.filter((item) =>
    before.some((old) => old.inbox_id === item.inbox_id && old.message === item.message),
  );
  assert.ok(placed.length >= places, "what had a place has it again");
  const read = after.filter((item) => item.read_at !== null);
  assert.equal(read.length, report.salvage?.read);
  assert.equal((await again.client.inbox.search("39")).items.length, 1, "it is found by its text");

  // Mail goes on: new is told as new, and the cursor stands where it stood.
  const sent = await alice.client.send({ to: "@bob", message: "after" }, { wait: "delivered" });
  const news = await eventsOf(again, lastEvent, ({ event }) => event === "message", 1);
  assert.deepEqual(
    news.filter(({ event }) => event === "message").map(({ data }) => [data["message"], data["restored"]]),
    [["after", undefined]],
  );
  assert.equal(sent.message.status, "done");
});

test("a message whose acknowledgement was lost with the inbox is told of when the broker pushes it again, with a mark", async (t) => {
  const { alice, bob } = (await mesh(t, ["alice", "bob"])).daemons;
  await alice.client.send({ to: "@bob", message: "seen" }, { wait: "delivered" });
  await bob.daemon.stop();
  await alice.client.send({ to: "@bob", message: "not yet pushed" }, { wait: "accepted" });
  damages["the header zeroed"]?.(join(bob.dir, "inbox.db"), seeded(1));
  recoverDaemon(bob.dir, now);
  const again = await daemon(t, { dir: bob.dir });
  await eventsOf(again, 0, ({ event }) => event === "inbox_rebuilt", 1);
  const told = await eventsOf(again, 0, ({ event }) => event === "message", 1);
  assert.deepEqual(
    told.filter(({ event }) => event === "message").map(({ data }) => data["message"]),
    ["not yet pushed"],
  );
  assert.deepEqual((await again.client.inbox.list()).items.map(({ message }) => message).sort(), [
    "not yet pushed",
    "seen",
  ]);
});

test("a recovery that was cut off keeps the daemon from starting, and is finished by the next", async (t) => {
  const { alice } = (await mesh(t, ["alice"])).daemons;
  await alice.client.send({ to: "@alice", message: "hello", client_message_id: "one" });
  await alice.daemon.stop();
  const outbox = join(alice.dir, "outbox.db");
  cpSync(outbox, `${outbox}.fresh`);
  writeFileSync(`${outbox}-wal`, "rest of a log that is another database's");
  writeFileSync(
    join(alice.dir, "recovering.json"),
    JSON.stringify({ name: "outbox.db", aside: "outbox.db.corrupt-x", fresh: "outbox.db.fresh" }),
  );
  await assert.rejects(daemon(t, { dir: alice.dir }), { code: "store_corrupt", hint: "claudemesh recover" });
  const report = recoverDaemon(alice.dir, now);
  assert.deepEqual([report.finished_earlier, report.outbox.state], [true, "sound"]);
  assert.equal(existsSync(`${outbox}-wal`), false);
  const again = await daemon(t, { dir: alice.dir });
  assert.equal((await again.client.message("one")).client_message_id, "one");
});

/** Rows of every state, some with a log behind them, as a daemon left them; and what they say. */
async function outboxOfManyKinds(t: TestContext): Promise<{ closed: string; open: string; pristine: readonly Row[] }> {
  const made = await mesh(t, ["alice", "bob"]);
  const { alice } = made.daemons;
  await alice.client.topics.create("ops");
  await made.daemons.bob.client.agents.put("worker");
  await knowsAgent(alice.client, "bob", "worker");
  for (let n = 0; n < 40; n += 1)
    await alice.client.send({
      to: ["@bob", "#ops", "@bob/worker"][n % 3] ?? "@bob",
      message: `${n} ${"z".repeat(n * 60)}`,
      ...(n % 2 === 0 ? { client_message_id: `done-${n}` } : {}),
      meta: { n },
      mentions: n % 4 === 0 ? ["@bob"] : [],
    });
  await alice.client.waitFor("done-38", "accepted");
  await made.broker.broker.stop();
  for (let n = 0; n < 40; n += 1)
    await alice.client.send({
      to: n % 2 === 0 ? "@bob" : "#ops",
      message: `later ${n} ${"w".repeat(n * 150)}`,
      client_message_id: `p-${n}`,
    });
  await alice.client.outbox.drop(41);
  await alice.client.outbox.requeue(42);
  const copy = (as: string): string => {
    const folder = join(tempFolder(t), as);
    mkdirSync(folder, { mode: 0o700 });
    for (const name of readdirSync(alice.dir).filter(
      (one) => !/^(sock|files|.*-shm|daemon\.(lock|log|json))$/.test(one),
    ))
      cpSync(join(alice.dir, name), join(folder, name));
    return folder;
  };
  // With the log as it is: the stop copies it into the database.
  const open = copy("open");
  await alice.daemon.stop();
  return { closed: copy("closed"), open, pristine: rowsOf(join(alice.dir, "outbox.db")) };
}

function rowsOf(path: string): readonly Row[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare("SELECT * FROM outbox ORDER BY id").all();
  } finally {
    database.close();
  }
}

/** Events after one, until `count` of a kind have come. */
async function eventsOf(
  { client }: Pick<TestDaemon, "client">,
  after: number,
  isOne: (event: LocalEvent) => boolean,
  count: number,
): Promise<readonly LocalEvent[]> {
  const heard: LocalEvent[] = [];
  const done = new AbortController();
  for await (const event of client.events({ after, signal: done.signal })) {
    heard.push(event);
    if (heard.filter(isOne).length >= count) done.abort();
  }
  return heard;
}
