import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writeFileAtomic } from "../../src/base/atomic-file.ts";
import { readIdentity } from "../../src/daemon/identity/member.ts";
import { fakeBroker } from "../../src/daemon/link/fake-broker.fixture.ts";
import { envelopes } from "../../src/daemon/link/link-bench.fixture.ts";
import { chainBroker } from "../../src/daemon/membership/chain.fixture.ts";
import { foundedMember } from "../../src/daemon/membership/founded-member.fixture.ts";
import type { MembershipEntry } from "../../src/protocol/membership/entry.ts";
import { signKeyProof } from "../../src/protocol/membership/entry.ts";
import { nextEntry, verifyChain } from "../../src/protocol/membership/chain.ts";
import { publicKeyHexOf } from "../../src/protocol/signing.ts";
import { httpCall } from "../../src/http/http-call.fixture.ts";
import { eventsUntil, hostileMesh, sendsTo, shownTexts } from "../support/hostile-mesh.ts";
import { mesh } from "../support/mesh.ts";
import { daemonProcess } from "../support/program-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

test("a message whose key the broker withholds is kept sealed and told of, and shown in order with what came after once the key is there", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  hostile.plot({
    toDaemon: (frame, link) => {
      const result = frame.type === "reply" ? (frame.result as Record<string, unknown> | null) : null;
      const tellsKeys =
        link.memberId === bob.memberId && Array.isArray(result?.["items"]) && "through" in (result ?? {});
      return [tellsKeys ? { ...frame, result: { ...result, items: [] } } : frame];
    },
  });
  await alice.client.send({ to: "#all", message: "one" });
  await alice.client.send({ to: "#all", message: "two" });
  const [told] = (
    await eventsUntil(bob, ({ event, data }) => event === "undecryptable" && data["to"] === "#all")
  ).slice(-1);
  assert.deepEqual([told?.data["code"], told?.data["final"]], ["waits_for_key", false]);
  await sendsTo(alice, bob, "a direct message needs no such key");
  await eventsUntil(
    bob,
    ({ event, data }) => event === "undecryptable" && data["history_id"] !== told?.data["history_id"],
  );
  const { items } = await bob.client.inbox.undecryptable();
  assert.deepEqual(
    items.map(({ from, to, code }) => [from.name, to, code]),
    [
      ["alice", "#all", "waits_for_key"],
      ["alice", "#all", "waits_for_key"],
    ],
  );
  assert.match(await bob.client.metrics(), /^cm_daemon_decrypt_undecryptable\{[^}]*\} 2$/m);
  assert.deepEqual(await shownTexts(bob), ["a direct message needs no such key"]);
  hostile.plot(null);
  hostile.cut();
  await eventsUntil(bob, ({ event, data }) => event === "message" && data["message"] === "two");
  assert.deepEqual(await shownTexts(bob), ["a direct message needs no such key", "one", "two"]);
  assert.deepEqual((await bob.client.inbox.undecryptable()).items, []);
});

/** Gives the member of a folder keys that nobody knows of yet, and returns the entry of the chain that tells of them. */
function changeKeys(dir: string, meshId: string, entries: readonly MembershipEntry[]): MembershipEntry {
  const old = readIdentity(dir);
  const [signing, sealing] = [generateKeyPairSync("ed25519"), generateKeyPairSync("x25519")];
  const privateText = (key: KeyObject): string => key.export({ format: "der", type: "pkcs8" }).toString("base64url");
  const keyId = publicKeyHexOf(signing.publicKey);
  const x25519 = publicKeyHexOf(sealing.publicKey);
  const path = join(dir, "keypair.json");
  const file = {
    ...(JSON.parse(readFileSync(path, "utf8")) as object),
    key_id: keyId,
    ed25519_pubkey: keyId,
    ed25519_privkey: privateText(signing.privateKey),
    x25519_pubkey: x25519,
    x25519_privkey: privateText(sealing.privateKey),
  };
  writeFileAtomic(path, JSON.stringify(file));
  const keys = signKeyProof(meshId, old.memberId, { ed25519_pubkey: keyId, x25519_pubkey: x25519 }, signing.privateKey);
  const maker = { by: old.memberId, keyId: old.keyId, key: old.signingKey };
  return nextEntry(verifyChain(entries, meshId), { kind: "rotate", keys }, maker, "2026-01-01T00:00:00.000Z");
}

test("what was sealed to a key that its receiver has lost is sealed again by its sender, once it has another, and read then", async (t) => {
  const { broker, daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  const meshId = readIdentity(bob.dir).mesh.mesh_id;
  bob.client.close();
  await bob.daemon.stop();
  const sent = await alice.client.send({ to: "@bob", message: "to the old key" });
  for await (const { event, data } of alice.client.events({ after: 0 }))
    if (event === "receipt" && data["stage"] === "accepted") break;
  // All that is left of the old keys is their word for the new ones.
  const { entries } = await broker.admin.membershipAbove(meshId, -1);
  await broker.admin.appendMembership(meshId, [changeKeys(bob.dir, meshId, entries as MembershipEntry[])]);
  const back = await bob.restart();
  for await (const { event, data } of back.client.events({ after: 0 }))
    if (event === "message" && data["message"] === "to the old key") break;
  assert.deepEqual((await back.client.inbox.undecryptable()).items, [], "what was sealed again is not listed any more");
  const row = await alice.client.outbox.inspect(sent.outbox_id);
  assert.deepEqual([row.status, row.last_error?.code], ["done", "undecryptable"]);
  const anew = await alice.client.outbox.inspect(row.superseded_by ?? 0);
  assert.deepEqual([anew.supersedes, anew.to], [sent.outbox_id, "@bob"]);
});

test("killed between the wire and the answer, a daemon sends the same bytes again", async (t) => {
  const meshId = "0198f0a0-0000-7000-8000-000000000002";
  const dir = join(tempFolder(t), "local");
  mkdirSync(dir, { mode: 0o700 });
  const chain = chainBroker([], meshId);
  const broker = await fakeBroker(t, meshId, chain);
  const mesh = { mesh_id: meshId, slug: "local", member_name: "ada", certificate_print: null };
  foundedMember(dir, { ...mesh, broker_url: broker.url, broker_key: broker.key }, 0);
  chain.entries = readFileSync(join(dir, "membership.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as MembershipEntry);
  const opened = async () => {
    const link = await broker.connection();
    await link.open();
    return link;
  };
  const [first, link] = await Promise.all([daemonProcess(t, dir), opened()]);
  for (const id of ["one", "two"])
    await httpCall(first.unix, "POST", "/v1/send", { body: { to: "@ada", message: id, client_message_id: id } });
  const before = await envelopes(link, 2);
  first.kill("SIGKILL");
  await first.ended;
  const [, second] = await Promise.all([daemonProcess(t, dir), opened()]);
  assert.deepEqual(await envelopes(second, 2), before);
  assert.ok(before.every(({ algorithm }) => algorithm === "hpke-v1"));
});
