import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { postgresRelay } from "../../src/broker/testing/postgres-relay.ts";
import { type Standby, standbyOf } from "../../src/broker/testing/postgres-copies.ts";
import { inbox, lossIsOver, names, send, settled, soundLog, toldOfLoss } from "../support/lossy-log.ts";
import { onEnd } from "../support/on-end.ts";
import { type PostgresMesh, postgresMesh } from "../support/postgres-mesh.ts";

/** A mesh whose database has an asynchronous standby, whose stream can be cut. */
async function withStandby(t: TestContext): Promise<{
  readonly mesh: PostgresMesh<(typeof names)[number]>;
  readonly standby: Standby;
  /** What is committed from now on, the standby does not get. */
  cutStream(): void;
  /** The primary is gone, the standby is it, and the brokers find it at the same address. */
  failOver(): Promise<void>;
}> {
  const mesh = await postgresMesh(t, names);
  const ends = { after: (end: () => Promise<void>) => onEnd(t, end) } as unknown as TestContext;
  const stream = await postgresRelay(ends, mesh.postgres.port);
  const standby = await standbyOf(ends, mesh.postgres, Number(new URL(stream.url(mesh.postgres.url())).port));
  return {
    mesh,
    standby,
    cutStream() {
      stream.refuse(true);
      stream.cut();
    },
    async failOver() {
      await mesh.postgres.stop("immediate");
      mesh.relay.lead(standby.server.port);
      await standby.promote();
    },
  };
}

test("a failover that loses the last commits is found out by everyone who saw them: receivers neither skip nor repeat, senders send again", async (t) => {
  const { mesh, standby, cutStream, failOver } = await withStandby(t);
  const { daemons } = mesh;
  await send(daemons.alice, "@bob", "a1", "a2");
  await send(daemons.carol, "#all", "c1");
  await settled(mesh, { alice: ["c1"], bob: ["a1", "a2", "c1"], dave: ["c1"] });
  await standby.caughtUp();
  cutStream();
  await send(daemons.alice, "@bob", "a3", "a4");
  await send(daemons.bob, "#all", "b1", "b2");
  await settled(mesh, { alice: ["c1", "b1", "b2"], bob: ["a1", "a2", "c1", "a3", "a4"], dave: ["c1", "b1", "b2"] });
  await failOver();
  // Whoever writes first in the new life takes the numbers of what was lost.
  await send(daemons.dave, "@alice", "d1");
  await send(daemons.carol, "@bob", "c2");
  await toldOfLoss(mesh, ["alice", "bob"]);
  await settled(mesh, {
    alice: ["c1", "b1", "b2", "d1"],
    bob: ["a1", "a2", "c1", "a3", "a4", "c2"],
    carol: ["b1", "b2"],
    dave: ["c1", "b1", "b2"],
  });
  await lossIsOver(mesh, 9);
});

test("a failover in the middle of a stream of sends keeps every message once, and each sender's order", async (t) => {
  const { mesh, standby, cutStream, failOver } = await withStandby(t);
  const { daemons } = mesh;
  await send(daemons.alice, "@bob", "a0");
  await settled(mesh, { bob: ["a0"] });
  await standby.caughtUp();
  const sent = { alice: ["a0"], bob: [] as string[] };
  // In the answers that are under way when the primary goes, some commits are known to nobody but it.
  const sending = [
    (async () => {
      for (let n = 1; n <= 200; n += 1) {
        sent.alice.push(`a${n}`);
        await send(daemons.alice, "@bob", `a${n}`);
      }
    })(),
    (async () => {
      for (let n = 1; n <= 200; n += 1) {
        sent.bob.push(`b${n}`);
        await send(daemons.bob, "#all", `b${n}`);
      }
    })(),
  ];
  const delivered = async (count: number): Promise<void> => {
    const seen = new AbortController();
    let found = 0;
    for await (const { event } of daemons.dave.client.events({ after: 0, signal: seen.signal })) {
      if (event === "message") found += 1;
      if (found >= count) seen.abort();
    }
  };
  await delivered(20);
  cutStream();
  await delivered(60);
  await failOver();
  await Promise.all(sending);
  await settled(mesh, { alice: sent.bob, bob: sent.alice, carol: sent.bob, dave: sent.bob });
  assert.deepEqual(await inbox(daemons.carol), sent.bob, "what carol had read before came first");
  const { epoch, seqs } = await soundLog(mesh);
  assert.deepEqual([epoch, seqs], [2, sent.alice.length + sent.bob.length]);
});

test("a failover to a standby that has everything is another life of the server, and no loss", async (t) => {
  const { mesh, standby, failOver } = await withStandby(t);
  const { daemons } = mesh;
  await send(daemons.alice, "@bob", "a1", "a2");
  await settled(mesh, { bob: ["a1", "a2"] });
  await standby.caughtUp();
  await failOver();
  await send(daemons.alice, "@bob", "a3");
  await send(daemons.bob, "@dave", "b1");
  await settled(mesh, { bob: ["a1", "a2", "a3"], dave: ["b1"] });
  assert.deepEqual(await soundLog(mesh), { epoch: 1, seqs: 4 });
});
