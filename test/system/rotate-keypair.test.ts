import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FileLayer, systemFiles } from "../../src/base/file-layer.ts";
import { readKeypair } from "../../src/daemon/identity/keypair.ts";
import { clock } from "../support/clock.ts";
import type { TestDaemon } from "../support/daemon.ts";
import { mesh } from "../support/mesh.ts";
import { until } from "../support/postgres-mesh.ts";

const dayMs = 86_400_000;

/** Resolves once the receiver shows a message of this text. */
async function shows({ client }: TestDaemon, text: string): Promise<void> {
  const read = new AbortController();
  for await (const { event, data } of client.events({ after: 0, signal: read.signal }))
    if (event === "message" && data["message"] === text) read.abort();
}

async function sends(from: TestDaemon, to: string, receiver: TestDaemon, text: string): Promise<void> {
  await from.client.send({ to, message: text });
  await shows(receiver, text);
}

const connected = ({ client }: TestDaemon) => until([], async () => (await client.health()).link.state === "connected");

const metric = async ({ client }: TestDaemon, name: string): Promise<number> =>
  Number(new RegExp(`^${name}\\{[^}]*\\} (\\d+)$`, "m").exec(await client.metrics())?.[1]);

test("a member that changes its keys keeps its address and everything sealed to it, and is believed by the new ones", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  await bob.client.topics.create("ops");
  await alice.client.topics.join("ops");
  await sends(alice, "#ops", bob, "to the topic, before");
  await sends(bob, "@alice", alice, "to bob's side of the old key");
  const before = await bob.client.keypair.show();
  const rotated = await bob.client.keypair.rotate();
  assert.equal(rotated.key_id_before, before.key_id);
  assert.notEqual(rotated.keypair.key_id, before.key_id);
  assert.notEqual(rotated.keypair.x25519_pubkey, before.x25519_pubkey);
  assert.deepEqual(
    rotated.keypair.archive.keys.map(({ key_id, x25519_pubkey }) => [key_id, x25519_pubkey]),
    [[before.key_id, before.x25519_pubkey]],
  );
  for (const name of ["keypair.json", "keypair-archive.json"])
    assert.equal(statSync(join(bob.dir, name)).mode & 0o777, 0o600, name);
  assert.equal(existsSync(join(bob.dir, "keypair-next.json")), false);
  const kept = readKeypair(bob.dir);
  assert.deepEqual([kept.keyId, kept.memberId], [rotated.keypair.key_id, before.member_id]);

  const heard = new AbortController();
  for await (const { event, data } of alice.client.events({ after: 0, signal: heard.signal })) {
    if (event !== "member_keypair_rotated") continue;
    assert.deepEqual(
      [data["name"], data["key_id"], data["key_id_before"]],
      ["bob", rotated.keypair.key_id, before.key_id],
    );
    heard.abort();
  }
  await sends(bob, "@alice", alice, "by the new key");
  await sends(alice, "@bob", bob, "to the new key");
  await sends(bob, "#ops", alice, "to the topic, by the new key");
  await sends(alice, "#ops", bob, "to the topic, after");
  const { messages } = { messages: (await bob.client.history("@alice")).items };
  assert.ok(messages.length > 0);

  const again = await bob.restart();
  await sends(alice, "@bob", again, "after a restart");
  await sends(again, "@alice", alice, "from after a restart");
  assert.equal((await again.client.keypair.show()).key_id, rotated.keypair.key_id);
});
