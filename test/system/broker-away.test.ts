import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { LocalEvent } from "../../src/protocol/local-api.ts";
import { broker } from "../support/broker.ts";
import { clock } from "../support/clock.ts";
import { daemon, type TestDaemon } from "../support/daemon.ts";
import { linked, mesh } from "../support/mesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

const minute = 60_000;

/** What a member sees of its inbox, oldest first. */
async function texts({ client }: TestDaemon): Promise<(string | null)[]> {
  return (await client.inbox.list()).items.map(({ message }) => message);
}

/** Resolves once the daemon's link is in that state. */
async function link({ client }: TestDaemon, state: string): Promise<void> {
  while ((await client.health()).link.state !== state) await new Promise((resolve) => setImmediate(resolve));
}

async function events({ client }: TestDaemon, name: LocalEvent["event"]): Promise<LocalEvent[]> {
  const found: LocalEvent[] = [];
  const read = new AbortController();
  const { client_message_id } = await client.send({ to: "@alice", message: "end of what is looked at" });
  for await (const event of client.events({ after: 0, signal: read.signal })) {
    if (event.event === name) found.push(event);
    if (event.event === "receipt" && event.data["client_message_id"] === client_message_id) read.abort();
  }
  return found;
}

test("an hour without a broker: everything stays queued, nothing is given up, and all of it arrives in order afterwards", async (t) => {
  const time = clock(Date.now());
  const { broker: first, daemons } = await mesh(t, ["alice", "bob"], { daemon: { clock: time } });
  const { alice, bob } = daemons;
  await first.broker.stop();
  await link(alice, "waiting");
  for (let n = 0; n < 60; n += 1) {
    await alice.client.send({ to: "@bob", message: `minute ${n}`, client_message_id: `away-${n}` });
    time.advance(minute);
    await link(alice, "waiting");
  }
  const { outbox } = await alice.client.health();
  assert.deepEqual([outbox.pending, outbox.dead, outbox.aborted], [60, 0, 0]);
  await first.restart();
  time.advance(minute);
  await alice.client.waitFor("away-59", "delivered");
  assert.deepEqual(
    await texts(bob),
    Array.from({ length: 60 }, (_, n) => `minute ${n}`),
  );
});

test("a daemon started before its broker takes sends at once and delivers them when the broker comes", async (t) => {
  const { broker: first, daemons } = await mesh(t, ["alice", "bob"]);
  await daemons.alice.daemon.stop();
  await first.broker.stop();
  const alice = await daemon(t, { dir: daemons.alice.dir });
  const sent = await alice.client.send({ to: "@bob", message: "early", client_message_id: "early" });
  assert.equal(sent.state, "queued");
  await assert.rejects(alice.client.send({ to: "@bbo", message: "x" }), { code: "unknown_destination" });
  await first.restart();
  await alice.client.waitFor("early", "delivered");
  assert.deepEqual(await texts(daemons.bob), ["early"]);
});

test("an old copy of the broker's folder is restored, and another member writes first: nobody loses, nobody sees twice, everybody is told", async (t) => {
  const { broker: first, daemons } = await mesh(t, ["alice", "bob", "carol"]);
  const send = async ({ client }: TestDaemon, message: string, until: "accepted" | "delivered") => {
    await client.send({ to: "@bob", message, client_message_id: message });
    await client.waitFor(message, until);
  };
  await send(daemons.alice, "before", "delivered");
  await daemons.alice.daemon.stop();
  await first.broker.stop();
  const copy = join(tempFolder(t), "copy");
  cpSync(first.dataDir, copy, { recursive: true });

  const second = await broker(t, { dataDir: first.dataDir });
  await linked(daemons.bob);
  const alice = await daemon(t, { dir: daemons.alice.dir });
  await send(alice, "lost-and-seen", "delivered");
  await daemons.bob.daemon.stop();
  await send(alice, "lost-unseen", "accepted");
  for (const { daemon } of [alice, daemons.carol]) await daemon.stop();
  await second.broker.stop();

  rmSync(first.dataDir, { recursive: true });
  cpSync(copy, first.dataDir, { recursive: true });
  const warned: string[] = [];
  const log = { debug() {}, info() {}, warn() {}, error: (_: object, message: string) => void warned.push(message) };
  await broker(t, { dataDir: first.dataDir, log });
  const carol = await daemon(t, { dir: daemons.carol.dir });
  await linked(carol);
  await send(carol, "another", "accepted");

  const back = await daemon(t, { dir: daemons.alice.dir });
  await linked(back);
  const bob = await daemon(t, { dir: daemons.bob.dir });
  await back.client.waitFor("lost-unseen", "delivered");
  await carol.client.waitFor("another", "delivered");
  assert.deepEqual((await texts(bob)).sort(), ["another", "before", "lost-and-seen", "lost-unseen"]);
  for (const member of [back, bob, carol])
    assert.equal((await events(member, "log_epoch_changed")).length, 1, "each daemon says so once");
  assert.match(warned.join(), /LOST COMMITTED MESSAGES/);
  const rows = (await back.client.outbox.list()).items.filter(({ to }) => to === "@bob");
  assert.deepEqual(
    rows.map(({ status }) => status),
    ["done", "done", "done"],
  );
});

test("the same old copy restored twice is found out twice", async (t) => {
  const { broker: first, daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  const accepted = async (id: string) => {
    await alice.client.send({ to: "@bob", message: id, client_message_id: id });
    await alice.client.waitFor(id, "accepted");
  };
  await accepted("kept");
  await first.broker.stop();
  const copy = join(tempFolder(t), "copy");
  cpSync(first.dataDir, copy, { recursive: true });
  let running = await broker(t, { dataDir: first.dataDir });
  await bob.daemon.stop();
  for (const lost of ["lost-once", "lost-twice"]) {
    await accepted(lost);
    await running.broker.stop();
    rmSync(first.dataDir, { recursive: true });
    cpSync(copy, first.dataDir, { recursive: true });
    running = await broker(t, { dataDir: first.dataDir });
  }
  const back = await daemon(t, { dir: bob.dir });
  for (const id of ["lost-once", "lost-twice"]) await alice.client.waitFor(id, "delivered");
  assert.deepEqual((await texts(back)).sort(), ["kept", "lost-once", "lost-twice"]);
});
