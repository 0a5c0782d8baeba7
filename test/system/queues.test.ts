import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { joinBroker } from "../../src/bin/join-broker.ts";
import type { Client } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import type { ClaimedMessage } from "../../src/protocol/local-api.ts";
import { linked, mesh } from "../support/mesh.ts";
import { onEnd } from "../support/on-end.ts";
import { brokerProcess, daemonProcess, type DaemonProcess } from "../support/program-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

const textsOf = (claimed: readonly ClaimedMessage[]): (string | null)[] =>
  claimed.map((message) => (message.verified ? message.message : null));
const leaseOf = (claimed: readonly ClaimedMessage[]): string => claimed[0]?.lease_id ?? assert.fail("nothing");

/** A queue `work` with so many messages, accepted. */
async function filled(client: Client, texts: readonly string[]): Promise<void> {
  await client.queues.create("work");
  for (const text of texts) {
    await client.send({ to: "queue:work", message: text, client_message_id: text, meta: { n: text.length } });
    await client.waitFor(text, "accepted");
  }
}

test("consumers on several hosts share a queue's messages, whoever sends; nothing of them is in an inbox", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob", "carol"]);
  const [alice, bob, carol] = [daemons.alice.client, daemons.bob.client, daemons.carol.client];
  const sent = Array.from({ length: 20 }, (_, n) => `job-${n}`);
  await filled(alice, sent);
  const got: (string | null)[] = [];
  await Promise.all(
    [alice, bob, carol].map(async (client) => {
      for (let some = await client.queues.claim("work"); some.length > 0; some = await client.queues.claim("work")) {
        got.push(...textsOf(some));
        assert.deepEqual(await client.queues.ack("work", leaseOf(some)), {
          history_id: some[0]?.history_id,
          state: "done",
          available_at: null,
        });
      }
    }),
  );
  assert.deepEqual(got.sort(), [...sent].sort());
  for (const client of [alice, bob, carol]) assert.deepEqual((await client.inbox.list()).items, []);
  const { messages } = await bob.queues.show("queue:work");
  assert.deepEqual(messages, { ready: 0, delayed: 0, leased: 0, dead: 0 });
});

test("a claimed message is shown as it was sent, with its sender proven, and a dead letter with the last word on it", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const [alice, bob] = [daemons.alice.client, daemons.bob.client];
  await alice.queues.create("work", { deliveries_max: 1 });
  await bob.send({ to: "queue:work", message: "one", meta: { build: 7 }, client_message_id: "one" });
  const [message] = await alice.queues.claim("work", { wait_s: 10, lease_s: 600 });
  assert.ok(message?.verified === true);
  assert.deepEqual(
    [message.from.name, message.to, message.message, message.meta, message.deliveries, message.topic],
    ["bob", "queue:work", "one", { build: 7 }, 1, null],
  );
  const extended = await alice.queues.extend("work", message.lease_id, { lease_s: 1_200 });
  assert.ok(extended.lease_until > message.lease_until);
  await assert.rejects(bob.queues.ack("work", message.lease_id), { code: "lease_lost" });
  const ended = await alice.queues.nack("work", message.lease_id, { reason: "no such branch" });
  assert.deepEqual([ended.state, ended.available_at], ["dead", null]);
  const { items } = await bob.queues.dead("work");
  const [dead] = items;
  assert.ok(dead?.verified === true);
  assert.deepEqual([dead.message, dead.reason, dead.deliveries], ["one", "no such branch", 1]);
  assert.deepEqual(await bob.queues.requeue("work", { history_ids: [dead.history_id] }), 1);
  assert.deepEqual(textsOf(await bob.queues.claim("work")), ["one"]);
});

test("names of queues are known where nobody asked, near ones are suggested, and the sender of what is given up is told", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const [alice, bob] = [daemons.alice.client, daemons.bob.client];
  await alice.queues.create("builds");
  await assert.rejects(alice.send({ to: "queue:bulds", message: "x" }), (error: Error & { details: object }) => {
    assert.deepEqual(error.details, { to: "queue:bulds", suggestions: ["queue:builds"] });
    return true;
  });
  for (const use of ["claim", "show", "requeue"] as const)
    await assert.rejects(alice.queues[use]("bulds"), { code: "unknown_destination" });
  // Told by an event: the claim that waits is over only once bob's own send was accepted.
  const waiting = alice.queues.claim("builds", { wait_s: 30 });
  const sent = await sendWhenKnown(bob, "queue:builds", "left");
  assert.deepEqual(textsOf(await waiting), ["left"]);
  await assert.rejects(alice.queues.delete("builds"), { code: "queue_not_empty" });
  await assert.rejects(bob.queues.delete("builds", { force: true }), { code: "not_allowed" });
  const told = new AbortController();
  const expired = (async () => {
    for await (const { event, data } of bob.events({ after: 0, signal: told.signal }))
      if (event === "receipt" && data["stage"] === "expired") return data["client_message_id"];
    return null;
  })();
  assert.deepEqual(await alice.queues.delete("builds", { force: true }), { name: "builds" });
  assert.equal(await expired, sent);
  told.abort();
  await assert.rejects(alice.send({ to: "queue:builds", message: "x" }), { code: "unknown_destination" });
});

/** Its id, once the daemon has heard of the queue. */
async function sendWhenKnown(client: Client, to: string, message: string): Promise<string> {
  for (;;) {
    try {
      return (await client.send({ to, message })).client_message_id;
    } catch (thrown) {
      assert.equal((thrown as { code?: string }).code, "unknown_destination");
    }
  }
}

test("a consumer that goes away while it waits takes nothing with it: the next one gets the message as its first delivery", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const [alice, bob] = [daemons.alice.client, daemons.bob.client];
  await alice.queues.create("work");
  for (let n = 0; n < 5; n += 1) {
    const gone = new AbortController();
    const waiting = bob.queues.claim("work", { wait_s: 30 }, { signal: gone.signal });
    // Answered behind the claim on the same link: it has reached the broker.
    await bob.queues.show("work");
    gone.abort(new Error("gone"));
    await assert.rejects(waiting);
  }
  const staying = alice.queues.claim("work", { wait_s: 30 });
  // Bob's daemon counts a claim once the broker has answered it.
  while (!/^cm_daemon_ipc_request_total\{.*\/claim".*\} 5$/m.test(await bob.metrics()));
  await alice.send({ to: "queue:work", message: "one" });
  const [message] = await staying;
  assert.ok(message?.verified === true);
  assert.deepEqual([message.message, message.deliveries], ["one", 1]);
});

interface Processes {
  readonly broker: Awaited<ReturnType<typeof brokerProcess>>;
  readonly dataDir: string;
  start(name: string): Promise<{ readonly process: DaemonProcess; readonly client: Client; readonly dir: string }>;
}

/** A broker and daemons as processes of their own, to be killed. */
async function processes(t: TestContext): Promise<Processes> {
  const folder = tempFolder(t);
  const dataDir = join(folder, "broker");
  const broker = await brokerProcess(t, dataDir);
  return {
    broker,
    dataDir,
    async start(name) {
      const dir = join(folder, name);
      mkdirSync(dir, { mode: 0o700 });
      await joinBroker({ dir, dataDir, name, role: "member" });
      return { ...(await running(t, dir)), dir };
    },
  };
}

async function running(t: TestContext, dir: string): Promise<{ process: DaemonProcess; client: Client }> {
  const process = await daemonProcess(t, dir);
  const client = connect(process.unix);
  onEnd(t, () => client.close());
  await linked({ client });
  return { process, client };
}

test("a daemon killed between claim and acknowledgement gives nothing back early: its next process ends the lease, or time does", async (t) => {
  const { start } = await processes(t);
  const [alice, bob] = [await start("alice"), await start("bob")];
  await filled(alice.client, ["one", "two"]);
  const kept = await bob.client.queues.claim("work", { lease_s: 600 });
  const dropped = await bob.client.queues.claim("work", { lease_s: 2 });
  assert.deepEqual([...textsOf(kept), ...textsOf(dropped)], ["one", "two"]);
  bob.process.kill("SIGKILL");
  await bob.process.ended;
  assert.deepEqual((await alice.client.queues.show("work")).messages.leased, 2);
  const [again] = await alice.client.queues.claim("work", { wait_s: 30 });
  assert.ok(again?.verified === true);
  assert.deepEqual([again.message, again.deliveries], ["two", 2]);
  assert.ok(again.lease_until > (dropped[0]?.lease_until ?? ""));
  const back = await running(t, bob.dir);
  assert.equal((await back.client.queues.ack("work", leaseOf(kept))).state, "done");
  await assert.rejects(back.client.queues.ack("work", leaseOf(dropped)), { code: "lease_lost" });
  await alice.client.queues.ack("work", again.lease_id);
  const { messages } = await alice.client.queues.show("work");
  assert.deepEqual(messages, { ready: 0, delayed: 0, leased: 0, dead: 0 });
});

test("a broker killed between claim and acknowledgement has lost no message and no lease, and gives none twice", async (t) => {
  const { broker, dataDir, start } = await processes(t);
  const [alice, bob] = [await start("alice"), await start("bob")];
  await filled(alice.client, ["one", "two", "three"]);
  const one = await bob.client.queues.claim("work", { lease_s: 600 });
  const two = await bob.client.queues.claim("work", { lease_s: 600 });
  await bob.client.queues.ack("work", leaseOf(two));
  broker.kill("SIGKILL");
  await broker.ended;
  await assert.rejects(bob.client.queues.ack("work", leaseOf(one), { timeoutMs: 1_000 }), { retryable: true });
  await brokerProcess(t, dataDir);
  await Promise.all([linked(alice), linked(bob)]);
  assert.deepEqual(textsOf(await alice.client.queues.claim("work", { limit: 9 })), ["three"]);
  await bob.client.queues.ack("work", leaseOf(one));
  await bob.client.queues.ack("work", leaseOf(two));
  assert.deepEqual((await alice.client.queues.show("work")).messages, { ready: 0, delayed: 0, leased: 1, dead: 0 });
});
