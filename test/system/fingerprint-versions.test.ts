import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "../../src/client/client.ts";
import { httpCall } from "../../src/http/http-call.fixture.ts";
import { backUpOutbox, upgradedMesh } from "../support/upgraded-mesh.ts";

const v1 = "sha256-jcs-v1";
const v2 = "sha256-jcs-v2";

for (const [name, before, after] of [
  ["an upgrade", { offers: [v1], seals: 1 }, { offers: [v1, v2], seals: 2 }],
  ["a downgrade", { offers: [v1, v2], seals: 2 }, { offers: [v1], seals: 1 }],
] as const) {
  test(`over ${name} with everything killed in between: what was unanswered is answered from its record, nothing is committed or shown twice, and other bytes are a conflict`, async (t) => {
    const mesh = await upgradedMesh(t, before.offers);
    const { alice, bob } = mesh;
    // Her outbox as it was before she sent anything.
    await alice.kill();
    const backup = backUpOutbox(t, alice);
    await alice.start();
    await alice.client.send({ to: "@bob", message: "answered", client_message_id: "answered" });
    const first = await alice.client.waitFor("answered", "delivered");
    alice.proxy.loseAnswers(true);
    const { outbox_id } = await alice.client.send({
      to: "@bob",
      message: "unanswered",
      client_message_id: "unanswered",
    });
    await received(bob.client, "unanswered");
    assert.equal((await alice.client.outbox.inspect(outbox_id)).status, "inflight");

    await alice.kill();
    await mesh.killBroker();
    alice.proxy.loseAnswers(false);
    await mesh.startBroker(after.offers);
    await alice.start();
    await alice.client.waitFor("unanswered", "delivered");
    // The receipt may come before the broker's answer to the attempt.
    const second = await alice.client.waitFor("unanswered", "accepted");
    assert.deepEqual([first.history_id, second.history_id], [1, 2]);
    await alice.client.send({ to: "@bob", message: "after", client_message_id: "after" });
    await alice.client.waitFor("after", "delivered");
    assert.deepEqual(mesh.recordVersions(), [before.seals, before.seals, after.seals]);

    // Put back from before, and asked for the same again: sealed under the other version, and found all the same.
    await alice.kill();
    backup.putBack();
    await alice.start();
    const again = await alice.client.send({ to: "@bob", message: "answered", client_message_id: "answered" });
    assert.equal(again.state, "queued", "this outbox knows nothing of it");
    const found = await alice.client.waitFor("answered", "accepted");
    assert.deepEqual([found.broker_message_id, found.history_id], [first.broker_message_id, 1]);

    const changed = await alice.client.send({ to: "@bob", message: "other words", client_message_id: "unanswered" });
    const row = await ended(alice.client, changed.outbox_id);
    assert.deepEqual(
      [row.status, row.last_error?.code, row.last_error?.broker_message_id],
      ["dead", "id_committed_differently", second.broker_message_id],
    );
    assert.deepEqual(
      [row.last_error?.broker_fingerprint_version, row.last_error?.wire_fingerprint_version],
      [before.seals, after.seals],
    );
    for (const prefix of [row.last_error?.broker_fingerprint_prefix, row.last_error?.wire_fingerprint_prefix])
      assert.match(prefix ?? "", /^[0-9a-f]{16}$/);
    const metrics = (await httpCall(alice.process.tcp, "GET", "/v1/metrics")).text;
    assert.match(
      metrics,
      new RegExp(
        `cm_daemon_fingerprint_mismatch_total\\{broker_version="${before.seals}",wire_version="${after.seals}",mesh="local"\\} 1\\b`,
      ),
    );
    assert.deepEqual(mesh.recordVersions(), [before.seals, before.seals, after.seals]);
    const shown = (await bob.client.inbox.list()).items.map(({ message }) => message).sort();
    assert.deepEqual(shown, ["after", "answered", "unanswered"]);
  });
}

async function received(client: Client, message: string): Promise<void> {
  const seen = new AbortController();
  for await (const event of client.events({ after: 0, signal: seen.signal }))
    if (event.event === "message" && event.data["message"] === message) seen.abort();
}

/** The row once nothing more can become of it. */
async function ended(client: Client, outboxId: number) {
  const seen = new AbortController();
  for await (const { event, data } of client.events({ after: 0, signal: seen.signal }))
    if (event === "receipt" && data["outbox_id"] === outboxId && data["status"] === "dead") seen.abort();
  return client.outbox.inspect(outboxId);
}
