import assert from "node:assert/strict";
import { test } from "node:test";
import { type CutMesh, cutMesh, sendUnanswered } from "../support/cut-mesh.ts";

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
