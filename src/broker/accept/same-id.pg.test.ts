import assert from "node:assert/strict";
import { test } from "node:test";
import type { SendAnswer } from "../../protocol/frames.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import { envelopeOf } from "../testing/peer.ts";
import { sharedPostgres } from "../testing/postgres-server.ts";
import { soundLog, twoBrokers } from "../testing/two-brokers.ts";

const server = sharedPostgres();

const idOf = (answer: SendAnswer): string | null =>
  "broker_message_id" in answer ? (answer.broker_message_id ?? null) : null;

test("of hundreds of sends of one id by fifty members at two brokers at once one is accepted; only its sender learns more", async (t) => {
  const two = await twoBrokers(t, await (await server()).createDatabase());
  const meshId = await two.mesh("storm");
  const receiver = await two.member(meshId, "receiver");
  for (let round = 0; round < 3; round += 1) {
    const id = newUuidV7(Date.now());
    const senders = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const identity = await two.member(meshId, `sender-${round}-${n}`);
        const link = await two.connect(n % 2, meshId, identity);
        const same = envelopeOf(meshId, identity, receiver.memberId, "same", { client_message_id: id });
        const other = envelopeOf(meshId, identity, receiver.memberId, "other", { client_message_id: id });
        return { identity, link, same, other };
      }),
    );
    const sent = await Promise.all(
      senders.map(async ({ identity, link, same, other }) => {
        // Frames of their own, so that they fall into different batches.
        const frames = [same, other, same, same, other, same].map(async (envelope) => {
          const [answer] = await link.sendItems([envelope]);
          assert.ok(answer !== undefined);
          return { envelope, answer };
        });
        return { identity, answers: await Promise.all(frames) };
      }),
    );
    const accepted = sent.flatMap(({ identity, answers }) =>
      answers.filter(({ answer }) => answer.status === 201).map((found) => ({ identity, ...found })),
    );
    assert.equal(accepted.length, 1, "exactly one 201 over all");
    const [winner] = accepted;
    assert.ok(winner !== undefined);
    for (const { identity, answers } of sent)
      for (const { envelope, answer } of answers) {
        if (answer === winner.answer) continue;
        const repeated: boolean =
          identity === winner.identity && envelope.request_fingerprint === winner.envelope.request_fingerprint;
        assert.equal(answer.status, repeated ? 200 : 409);
        if (identity === winner.identity) assert.equal(idOf(answer), idOf(winner.answer));
        else
          assert.deepEqual(answer, {
            status: 409,
            client_message_id: id,
            code: "idempotency_key_reused",
            conflict: "request_fingerprint_mismatch",
          });
      }
    assert.equal(await soundLog(two, meshId), round + 1);
    const rows = await two.sql(
      "SELECT sender, broker_message_id FROM mesh.client_message_dedupe WHERE client_message_id = $1",
      [id],
    );
    assert.deepEqual(rows, [{ sender: winner.identity.memberId, broker_message_id: idOf(winner.answer) }]);
  }
});

test("a member that sends one id over forty links, each taking over from the one before at the other broker, has it accepted once", async (t) => {
  const two = await twoBrokers(t, await (await server()).createDatabase());
  const meshId = await two.mesh("links");
  const [alice, bob] = [await two.member(meshId, "alice"), await two.member(meshId, "bob")];
  const same = envelopeOf(meshId, alice, bob.memberId, "once");
  const answers: SendAnswer[] = [];
  const asked: Promise<unknown>[] = [];
  let instance: string | null = null;
  for (let n = 0; n < 40; n += 1) {
    const hello: { instance_id: string; previous_instance_id: string | null } = {
      instance_id: `i-${n}`,
      previous_instance_id: instance,
    };
    const link = await two.connect(n % 2, meshId, alice, { hello });
    instance = hello.instance_id;
    // Not waited for: the next link replaces this one while its batch is anywhere.
    for (let times = 0; times < 8; times += 1)
      asked.push(
        link.sendItems([same]).then(
          (found) => answers.push(...found),
          () => undefined,
        ),
      );
  }
  const last = await two.connect(0, meshId, alice, { hello: { instance_id: "last", previous_instance_id: instance } });
  const [final] = await last.sendItems([same]);
  await two.stop();
  await Promise.all(asked);
  assert.ok(final !== undefined && (final.status === 200 || final.status === 201));
  answers.push(final);
  const fresh = answers.filter(({ status }) => status === 201);
  assert.ok(fresh.length <= 1, "the 201 itself may be lost with its link");
  for (const answer of answers) {
    const known = answer.status === 200 || answer.status === 201;
    assert.ok(known || (answer.status === 503 && "code" in answer && answer.code === "behind"), JSON.stringify(answer));
    if (known) assert.equal(idOf(answer), idOf(final));
  }
  const rows = await two.sql("SELECT seq FROM mesh.message_queue WHERE mesh_id = $1", [meshId]);
  assert.deepEqual(rows, [{ seq: "1" }]);
});
