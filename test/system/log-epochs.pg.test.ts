import assert from "node:assert/strict";
import { test } from "node:test";
import { postgresCopies } from "../../src/broker/testing/postgres-copies.ts";
import {
  alarm,
  epochsOpened,
  inbox,
  lossIsOver,
  names,
  send,
  settled,
  settledWithout,
  soundLog,
  toldOfLoss,
} from "../support/lossy-log.ts";
import { postgresMesh, until } from "../support/postgres-mesh.ts";

test("an old copy of the stopped database put back under running brokers: another member writes first, and all that was lost arrives once", async (t) => {
  const mesh = await postgresMesh(t, names);
  const { postgres, daemons } = mesh;
  const copies = postgresCopies(t, postgres);
  await send(daemons.alice, "@bob", "a1", "a2", "a3");
  await settled(mesh, { bob: ["a1", "a2", "a3"] });
  await postgres.stop();
  await copies.copy("monday", "stopped");
  await postgres.start();
  // Dave is away: what he is sent now stands in the log alone.
  await daemons.dave.daemon.stop();
  await send(daemons.alice, "@bob", "a4", "a5");
  await send(daemons.bob, "@dave", "b6");
  await settledWithout(mesh, "dave", { bob: ["a1", "a2", "a3", "a4", "a5"] });
  for (const name of ["alice", "bob"] as const) await daemons[name].daemon.stop();

  await postgres.stop();
  await copies.putBack("monday");
  await postgres.start();
  // Carol never held what was lost: she cannot tell, and what she writes stands where a4 stood.
  await send(daemons.carol, "@carol", "c4", "c5");
  await until([daemons.carol], async () => (await inbox(daemons.carol)).length === 2);
  assert.equal((await soundLog(mesh)).epoch, 1);
  for (const name of ["dave", "bob", "alice"] as const) daemons[name] = await daemons[name].restart();
  await toldOfLoss(mesh, ["alice", "bob"]);
  await settled(mesh, {
    bob: ["a1", "a2", "a3", "a4", "a5"],
    carol: ["c4", "c5"],
    dave: ["b6"],
    alice: [],
  });
  await lossIsOver(mesh, 8);
});

test("a copy taken of the running database put back while all daemons and brokers stay: everyone finds out by itself", async (t) => {
  const mesh = await postgresMesh(t, names);
  const { postgres, daemons } = mesh;
  const copies = postgresCopies(t, postgres);
  const texts = (from: string, first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, n) => `${from}${first + n}`);
  await send(daemons.alice, "#all", ...texts("a", 1, 5));
  await settled(mesh, { bob: texts("a", 1, 5), carol: texts("a", 1, 5), dave: texts("a", 1, 5) });
  await copies.copy("hot", "running");
  await send(daemons.alice, "#all", ...texts("a", 6, 9));
  await send(daemons.bob, "@carol", ...texts("b", 1, 3));
  await settled(mesh, { bob: texts("a", 1, 9), carol: [...texts("a", 1, 9), ...texts("b", 1, 3)] });
  await postgres.stop("immediate");
  await copies.putBack("hot");
  await postgres.start();
  await send(daemons.dave, "@bob", "d1");
  await send(daemons.carol, "#all", "c1");
  await toldOfLoss(mesh, ["alice", "bob"]);
  await settled(mesh, {
    alice: ["c1"],
    bob: [...texts("a", 1, 9), "d1", "c1"],
    carol: [...texts("a", 1, 9), ...texts("b", 1, 3)],
    dave: [...texts("a", 1, 9), "c1"],
  });
  await lossIsOver(mesh, 14);
});

test("brokers started again over an older copy find it out from what their members hold", async (t) => {
  const mesh = await postgresMesh(t, names);
  const { postgres, daemons } = mesh;
  const copies = postgresCopies(t, postgres);
  await copies.copy("empty", "running");
  await send(daemons.alice, "@bob", "a1", "a2");
  await settled(mesh, { bob: ["a1", "a2"] });
  for (const { broker } of mesh.brokers) await broker.stop();
  await postgres.stop();
  await copies.putBack("empty");
  await postgres.start();
  for (const [index, stopped] of mesh.brokers.entries()) mesh.brokers[index] = await stopped.restart();
  await send(daemons.bob, "@alice", "b1");
  await toldOfLoss(mesh, ["alice", "bob"]);
  await settled(mesh, { alice: ["b1"], bob: ["a1", "a2"] });
  await lossIsOver(mesh, 3);
});

test("a server that crashes and recovers has lost nothing: no epoch opens, and everything arrives once", async (t) => {
  const mesh = await postgresMesh(t, names);
  const { postgres, daemons } = mesh;
  const expected: string[] = [];
  for (let round = 0; round < 2; round += 1) {
    const texts = Array.from({ length: 20 }, (_, n) => `round ${round}, ${n}`);
    expected.push(...texts);
    await send(daemons.alice, "@bob", ...texts);
    await postgres.stop("immediate");
    await postgres.start();
  }
  await settled(mesh, { bob: expected });
  assert.deepEqual(await inbox(daemons.bob), expected, "in the order in which they were sent");
  assert.deepEqual(await soundLog(mesh), { epoch: 1, seqs: expected.length });
  assert.equal(await epochsOpened(mesh), 0);
  assert.deepEqual(
    mesh.alarms.filter((said) => alarm.test(said)),
    [],
  );
});
