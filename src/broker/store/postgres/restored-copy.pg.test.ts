import assert from "node:assert/strict";
import { test } from "node:test";
import { meshId, rememberingMember } from "../restored-copy.fixture.ts";
import { restoredCopies } from "../restored-copy-suite.fixture.ts";
import { openCopiedPostgres, openDumpedPostgres } from "./copied-store.fixture.ts";

restoredCopies("PostgreSQL", openCopiedPostgres);
restoredCopies("PostgreSQL, dumped and put back into the running server", openDumpedPostgres);

test("a store that stays open while its server is exchanged for an older copy says so, and its links acknowledge nothing", async (t) => {
  const copied = await openCopiedPostgres(t);
  const { store } = copied;
  const [alice, bob] = [await rememberingMember(copied, "alice"), await rememberingMember(copied, "bob")];
  const link = { instance_id: "i", now: 1 };
  const { life } = await store.raiseLinkEpoch(meshId, bob.identity.memberId, link);
  let lives = 1;
  store.shared?.onNewLife(() => {
    lives += 1;
  });
  await copied.copy("monday");
  alice.queue(bob, "a1");
  await alice.drain();
  await copied.replace("monday");
  // The pool's idle connections end with their server; whoever is told so asks again.
  for (;;) {
    const answered = await store.ping().then(
      () => true,
      (thrown: { code: string }) => {
        assert.equal(thrown.code, "store_unavailable");
        return false;
      },
    );
    if (answered) break;
  }
  assert.equal(lives, 2);
  assert.notEqual(store.life(), life);
  const acks = [{ destination: "dm", seq: 0 }];
  assert.equal(await store.acknowledge(meshId, bob.identity.memberId, 1, acks, life), false);
  assert.equal(await store.acknowledge(meshId, bob.identity.memberId, 1, acks, store.life()), true);
  const found = await alice.connect();
  assert.ok(found.state === "lost" && found.opened);
  assert.deepEqual(await alice.drain(), [true]);
});

test("a server that crashes and recovers has all it committed: another life, and no loss", async (t) => {
  const copied = await openCopiedPostgres(t);
  const [alice, bob] = [await rememberingMember(copied, "alice"), await rememberingMember(copied, "bob")];
  alice.queue(bob, "a1");
  await alice.drain();
  const life = copied.store.life();
  await copied.server.stop("immediate");
  await copied.server.start();
  await copied.restart();
  assert.notEqual(copied.store.life(), life);
  assert.deepEqual(await alice.connect(), { state: "ok" });
  assert.equal((await bob.receive()).length, 1);
});
