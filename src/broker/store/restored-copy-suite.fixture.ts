import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { meshId, type OpenCopied, type RememberingMember, rememberingMember } from "./restored-copy.fixture.ts";
import type { AcceptItem } from "./store.ts";

/** What every store does when an older copy of its data is put back (docs/adr/0004-log-epochs.md). */
export function restoredCopies(name: string, open: OpenCopied): void {
  describe(`${name}: an older copy put back`, () => copies((t) => members(t, open)));
}

async function members(t: TestContext, open: OpenCopied) {
  const copied = await open(t);
  const [alice, bob, carol, dave] = [
    await rememberingMember(copied, "alice"),
    await rememberingMember(copied, "bob"),
    await rememberingMember(copied, "carol"),
    await rememberingMember(copied, "dave"),
  ];
  const send = async (from: RememberingMember, to: RememberingMember, ...texts: string[]): Promise<string[]> => {
    const sent = texts.map((text) => from.queue(to, text));
    assert.equal(
      (await from.drain()).every((fresh) => fresh),
      true,
    );
    return sent.map(idOf);
  };
  /** Texts of the whole log, in order. */
  const log = async (): Promise<string[]> => {
    assert.deepEqual((await copied.store.checkConsistency(meshId, 0, 1_000)).findings, []);
    const texts: { seq: number; text: string }[] = [];
    for (const { identity } of [alice, bob, carol, dave]) {
      const range = { afterSeq: 0, limitItems: 1_000, limitBytes: 1_000_000 };
      for (const { seq, envelope } of await copied.store.read(meshId, identity.memberId, "dm", range))
        texts.push({ seq, text: Buffer.from(envelope.body, "base64url").toString() });
    }
    return texts.sort((a, b) => a.seq - b.seq).map(({ text }) => text);
  };
  return { copied, alice, bob, carol, dave, send, log };
}

const idOf = ({ envelope }: AcceptItem): string => envelope.client_message_id;

function copies(on: (t: TestContext) => ReturnType<typeof members>): void {
  it("an old copy put back is found out by who holds more, whoever writes first; cursors fall, nothing is lost or accepted twice", async (t) => {
    const { copied, alice, bob, carol, dave, send, log } = await on(t);
    await send(alice, bob, "a1", "a2", "a3");
    await bob.receive();
    await copied.stop();
    await copied.copy("monday");
    await copied.restart();
    const [a4] = await send(alice, bob, "a4", "a5");
    const [b6] = await send(bob, dave, "b6");
    assert.equal((await bob.receive())[0], a4);

    await copied.restore("monday");
    // Carol never had a position: she cannot tell, and what she writes stands where a4 and a5 stood.
    assert.deepEqual(await carol.connect(), { state: "ok" });
    const [c4] = await send(carol, dave, "c4", "c5");
    assert.deepEqual([(await copied.store.log(meshId)).epoch, (await dave.receive())[0]], [1, c4]);

    const found = await alice.connect();
    assert.ok(found.state === "lost" && found.opened);
    assert.deepEqual(
      found.log.breaks.map(({ epoch, prefix }) => [epoch, prefix]),
      [[2, 3]],
    );
    const cursor = async (of: RememberingMember) =>
      (await copied.store.cursors(meshId, of.identity.memberId)).find(({ destination }) => destination === "dm")?.seq;
    assert.deepEqual([await cursor(dave), await cursor(bob)], [3, 3]);
    assert.deepEqual(await alice.drain(), [true, true]);

    const second = await bob.connect();
    assert.ok(second.state === "lost" && !second.opened, "one loss is one epoch, however many have seen it");
    assert.deepEqual(await bob.drain(), [true]);
    assert.deepEqual(await log(), ["a1", "a2", "a3", "c4", "c5", "a4", "a5", "b6"]);
    assert.ok((await dave.receive()).includes(b6 ?? ""));
    assert.equal(bob.received.size, 5);
    await bob.receive();
    assert.equal(bob.received.size, 5, "a4 and a5 came a second time and are one message each");
    for (const member of [alice, bob, carol, dave]) assert.deepEqual(await member.connect(), { state: "ok" });
  });

  it("a copy taken of the running store tells where it ends, although its incarnation went on", async (t) => {
    const { copied, alice, bob, send, log } = await on(t);
    await send(alice, bob, "a1", "a2");
    await copied.copy("hot");
    await send(alice, bob, "a3");
    await copied.restore("hot");
    await send(bob, alice, "b3", "b4");
    const found = await alice.connect();
    assert.ok(found.state === "lost");
    assert.deepEqual(
      found.log.breaks.map(({ prefix }) => prefix),
      [2],
    );
    assert.deepEqual(await alice.drain(), [true]);
    assert.deepEqual(await log(), ["a1", "a2", "b3", "b4", "a3"]);
  });

  it("what was already sent again after one loss is known by its id when the next one puts it back", async (t) => {
    const { copied, alice, bob, send, log } = await on(t);
    await copied.copy("empty");
    await send(alice, bob, "a1");
    await copied.restore("empty");
    await alice.connect();
    await alice.drain();
    await copied.copy("later");
    await send(alice, bob, "a2");
    await copied.restore("later");
    await alice.connect();
    assert.deepEqual(await alice.drain(), [true]);
    assert.deepEqual(await log(), ["a1", "a2"]);
  });

  it("the same copy put back twice gives two epochs, also when the second is reported by who saw only the first log", async (t) => {
    const { copied, alice, bob, carol, send } = await on(t);
    await copied.copy("empty");
    await send(alice, bob, "a1");
    await send(carol, bob, "c1");
    const opened: number[] = [];
    for (const _ of [1, 2]) {
      await copied.restore("empty");
      const found = await alice.connect();
      assert.ok(found.state === "lost" && found.opened);
      opened.push(found.log.epoch);
      assert.deepEqual(await alice.drain(), [true]);
    }
    assert.deepEqual(opened, [2, 3]);
    await carol.connect();
    assert.deepEqual(await carol.drain(), [true]);
  });

  it("a position that retention has passed is no loss; one whose place was emptied or holds another message is", async (t) => {
    const { copied, alice, bob, send } = await on(t);
    await send(alice, bob, "a1", "a2");
    await copied.store.expireMessages(meshId, 11, { afterSeq: 0, limit: 2, dryRun: false, now: 11 });
    assert.deepEqual(await alice.connect(), { state: "ok" });
    await send(bob, alice, "b3");
    assert.deepEqual(await alice.connect(), { state: "ok" });
  });
}
