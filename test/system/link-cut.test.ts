import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { readMeshFile, writeMeshFile } from "../../src/daemon/identity/mesh-file.ts";
import { broker } from "../support/broker.ts";
import { daemon, type TestDaemon } from "../support/daemon.ts";
import { type FaultProxy, faultProxy } from "../support/fault-proxy.ts";
import { linked } from "../support/mesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

interface CutMesh {
  readonly proxy: FaultProxy;
  /** Her link goes through the proxy. */
  readonly alice: TestDaemon;
  readonly bob: TestDaemon;
}

async function cutMesh(t: TestContext): Promise<CutMesh> {
  const folder = tempFolder(t);
  let target = 0;
  const proxy = await faultProxy(t, () => ({ host: "127.0.0.1", port: target }));
  const { broker: started, dataDir } = await broker(t, {
    dataDir: join(folder, "broker"),
    authorities: [proxy.authority],
  });
  target = Number(new URL(started.url).port);
  const start = async (name: string, url: string): Promise<TestDaemon> => {
    const dir = join(folder, name);
    mkdirSync(dir, { mode: 0o700 });
    await joinBroker({ dir, dataDir, name, role: "member" });
    writeMeshFile(dir, { ...readMeshFile(dir), broker_url: url });
    const running = await daemon(t, { dir });
    await linked(running);
    return running;
  };
  const bob = await start("bob", started.url);
  return { proxy, bob, alice: await start("alice", `ws://${proxy.authority}/v1/link`) };
}

/** Sends while the broker's answers are lost, until the broker has it for sure: the receiver holds it. */
async function sendUnanswered({ proxy, alice, bob }: CutMesh, id: string): Promise<number> {
  const seen = new AbortController();
  const arrival = (async () => {
    for await (const event of bob.client.events({ after: 0, signal: seen.signal }))
      if (event.event === "message") return;
  })();
  proxy.loseAnswers(true);
  const { outbox_id } = await alice.client.send({
    to: "@bob",
    message: "committed, not acknowledged",
    client_message_id: id,
  });
  await arrival;
  seen.abort();
  assert.equal((await alice.client.outbox.inspect(outbox_id)).status, "inflight");
  return outbox_id;
}

async function received({ bob }: CutMesh): Promise<number> {
  return (await bob.client.inbox.list()).items.length;
}

test("the link is cut between the broker's commit and its answer: a drop finds the record, and the row is done", async (t) => {
  const mesh = await cutMesh(t);
  const { proxy, alice } = mesh;
  const row = await sendUnanswered(mesh, "cut-1");
  // What is dropped must be asked about: with the broker away nothing ends.
  proxy.refuse(true);
  proxy.cut();
  await assert.rejects(alice.client.outbox.drop(row), { code: "outcome_pending", hint: /--force/ });
  assert.notEqual((await alice.client.outbox.inspect(row)).status, "aborted");
  proxy.loseAnswers(false);
  proxy.refuse(false);
  const dropped = await untilAsked(() => alice.client.outbox.drop(row));
  assert.equal(dropped.status, "done");
  assert.equal(await received(mesh), 1);
});

test("the same cut, and nobody does anything: the row is sent again, answered as a duplicate, and shown once", async (t) => {
  const mesh = await cutMesh(t);
  const { proxy, alice } = mesh;
  await sendUnanswered(mesh, "cut-2");
  proxy.cut();
  proxy.loseAnswers(false);
  await alice.client.waitFor("cut-2", "accepted");
  assert.equal(await received(mesh), 1);
});

test("the same cut, and a second send of the id with other words: a conflict, never a second message", async (t) => {
  const mesh = await cutMesh(t);
  const { proxy, alice } = mesh;
  await sendUnanswered(mesh, "cut-3");
  await assert.rejects(alice.client.send({ to: "@bob", message: "other words", client_message_id: "cut-3" }), {
    code: "idempotency_key_reused",
  });
  proxy.cut();
  proxy.loseAnswers(false);
  await alice.client.waitFor("cut-3", "accepted");
  assert.equal(await received(mesh), 1);
});

test("a dropped row whose send never reached the broker is aborted, and a later copy of it is refused as void", async (t) => {
  const mesh = await cutMesh(t);
  const { proxy, alice } = mesh;
  proxy.refuse(true);
  proxy.cut();
  const { outbox_id } = await alice.client.send({ to: "@bob", message: "never sent", client_message_id: "cut-4" });
  assert.equal((await alice.client.outbox.drop(outbox_id)).status, "aborted");
  proxy.refuse(false);
  await alice.client.send({ to: "@bob", message: "after it", client_message_id: "cut-5" });
  await alice.client.waitFor("cut-5", "delivered");
  assert.equal(await received(mesh), 1);
});

/** A drop asks the broker; while the link is being dialled it cannot, and says so. */
async function untilAsked<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if ((error as { code?: unknown }).code !== "outcome_pending") throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
