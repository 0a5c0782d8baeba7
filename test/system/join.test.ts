import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { JoinAnswer } from "../../src/cli/launcher.ts";
import { inviteLink, parseInvite } from "../../src/protocol/invite.ts";
import type { InviteMade } from "../../src/protocol/local-api.ts";
import { host, ok, type TestHost } from "../support/claudemesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** A host whose broker others may reach, over TLS as off loopback, and empty homes beside it. */
async function exposed(
  t: TestContext,
): Promise<{ alice: TestHost; other: (name: string) => TestHost; invite: (...args: string[]) => Promise<InviteMade> }> {
  const folder = tempFolder(t);
  const alice = host(t, "alice", folder);
  ok(await alice.run(["up", "--name", "alice", "--listen", "127.0.0.1:0", "--tls"]));
  return {
    alice,
    other: (name) => host(t, name, folder),
    invite: async (...args) => JSON.parse(ok(await alice.run(["invite", "--json", ...args]))) as InviteMade,
  };
}

test("from nothing to a message between two hosts in four steps", async (t) => {
  const folder = tempFolder(t);
  const first = host(t, "first", folder);
  const second = host(t, "second", folder);
  const up = await first.run(["broker", "up", "--listen", "127.0.0.1:0", "--tls"]);
  assert.match(ok(up), /^broker started .*\n {7}for other hosts {2}wss:\/\/127\.0\.0\.1:\d+\/v1\/link\n$/);
  const invited = await first.run(["invite"]);
  const link = ok(invited).trim();
  assert.match(link, /^claudemesh:\/\/127\.0\.0\.1:\d+\/\S+$/, "the link alone is on standard output");
  assert.match(invited.stderr, /had no member yet; it has one now(.|\n)*for one member as member, until/);
  assert.match(ok(await second.run(["join", link, "--name", "bob"])), /^joined as @bob {2}mesh team, broker wss:/);
  const { member } = (await first.status()).daemons[0] ?? { member: "" };
  assert.match(ok(await second.run(["send", `@${member}`, "hello", "--wait", "delivered"])), /^delivered /);
  const inbox = JSON.parse(ok(await first.run(["inbox", "--json"]))) as {
    items: { message: string; from: { name: string } }[];
  };
  assert.deepEqual(
    inbox.items.map(({ message, from }) => [from.name, message]),
    [["bob", "hello"]],
  );
});

test("after a restart of everything the joined home is up again with one word, on the same pin", async (t) => {
  const { alice, other, invite } = await exposed(t);
  const bob = other("bob");
  const { link } = await invite();
  const joined = JSON.parse(ok(await bob.run(["join", link, "--name", "bob", "--json"]))) as JoinAnswer;
  assert.deepEqual(
    [joined.change, joined.address, joined.daemon.started, joined.notices],
    ["admitted", "@bob", true, []],
  );
  ok(await bob.run(["down"]));
  ok(await alice.run(["down"]));
  assert.match(ok(await alice.run(["up"])), /for other hosts/);
  const again = ok(await bob.run(["up"]));
  assert.doesNotMatch(again, /^broker/m, "a home that has only joined starts no broker of its own");
  assert.equal(ok(await bob.run(["daemon", "down"])), "daemon of team stopped\n", "the only one is meant");
  assert.match(ok(await bob.run(["daemon", "up"])), /^daemon started .*@bob$/m);
  assert.match(ok(await bob.run(["daemon", "restart"])), /^daemon of team restarted/);
  ok(await bob.run(["send", "@alice", "back", "--wait", "delivered"]));
  const rejoined = JSON.parse(ok(await bob.run(["join", link, "--json"]))) as JoinAnswer;
  const own = JSON.parse(ok(await alice.run(["join", link, "--json"]))) as JoinAnswer;
  assert.deepEqual([own.change, new URL(own.broker_url).protocol], ["none", "ws:"], "its own broker stays on loopback");
  assert.deepEqual(
    [rejoined.change, rejoined.daemon.started],
    ["none", false],
    "the used link is no error for who is in",
  );
});

test("down stops of a named mesh what belongs to it: a joined one has no broker here, and one that is not known stops nothing", async (t) => {
  const { other, invite } = await exposed(t);
  const bob = other("bob");
  ok(await bob.up());
  const { link } = await invite();
  ok(await bob.run(["join", link, "--name", "bob"]));
  const states = async (): Promise<readonly string[]> => {
    const { daemons, broker } = await bob.status();
    return [...daemons.map(({ mesh, state }) => `${mesh} ${state}`), `broker ${broker.state}`];
  };
  const wrong = await bob.run(["down", "--mesh", "taem"]);
  assert.deepEqual([wrong.code, wrong.stdout], [3, ""]);
  assert.match(wrong.stderr, /has no daemon of mesh taem \(not_running\)\nhint: joined: local, team\n$/);
  assert.deepEqual(await states(), ["local running", "team running", "broker running"]);
  assert.equal(ok(await bob.run(["down", "--mesh", "team"])), "daemon of team stopped\n");
  assert.deepEqual(await states(), ["local running", "team stopped", "broker running"]);
  assert.equal(ok(await bob.run(["down", "--mesh", "local"])), "daemon of local stopped\nbroker stopped\n");
});

test("each way a link can be wrong has its own error, and leaves nothing behind", async (t) => {
  const { other, invite, alice } = await exposed(t);
  const { link, invite_id } = await invite();
  const good = parseInvite(link);
  const eve = other("eve");
  const refused = async (given: string, code: string): Promise<void> => {
    const ran = await eve.run(["join", given, "--name", "eve", "--json"]);
    const error = JSON.parse(ran.stderr) as { code: string; hint: string };
    assert.deepEqual([error.code, ran.stdout], [code, ""], given);
    assert.ok(error.hint.length > 0);
    assert.ok(!existsSync(join(eve.home, "daemon", "team", "mesh.json")));
  };
  await refused("https://example/x", "invite_malformed");
  await refused(link.slice(0, -20), "invite_truncated");
  await refused(`${link.slice(0, -30)}${link.at(-30) === "A" ? "B" : "A"}${link.slice(-29)}`, "invite_altered");
  await refused(
    inviteLink({ ...good, transport: { kind: "pinned", certificate_print: "00".repeat(32) } }),
    "certificate_mismatch",
  );
  await refused(inviteLink({ ...good, broker_key: "ab".repeat(32) }), "broker_key_mismatch");
  await refused(inviteLink({ ...good, transport: { kind: "trusted" } }), "broker_unreachable");
  await refused(inviteLink({ ...good, seed: Buffer.alloc(32, 1) }), "invite_unknown");
  await refused(inviteLink({ ...good, seed: Buffer.alloc(32, 1), expires_at: 1_000 }), "invite_expired");
  await refused(inviteLink({ ...good, authority: "127.0.0.1:1" }), "broker_unreachable");
  await refused(inviteLink({ ...good, authority: "10.255.0.1:9", transport: { kind: "plain" } }), "invite_malformed");
  const taken = await eve.run(["join", link, "--name", "ALICE"]);
  assert.deepEqual([taken.code, taken.stdout], [4, ""]);
  assert.match(taken.stderr, /another member of the mesh is called @alice; the invite is still good/);
  ok(await alice.run(["invite", "revoke", invite_id.slice(0, 12)]));
  await refused(link, "invite_revoked");
  const used = await invite();
  ok(await other("bob").run(["join", used.link, "--name", "bob"]));
  await refused(used.link, "invite_used");
  assert.match(ok(await eve.run(["join", "-"], { input: (await invite()).link })), /^joined as @/);
});

test("a broker that moves is followed by a new link, whoever uses it; only owners and admins make one", async (t) => {
  const { alice, other, invite } = await exposed(t);
  const bob = other("bob");
  const { link } = await invite("--uses", "2", "--role", "guest");
  ok(await bob.run(["join", link, "--name", "bob", "--as", "work"]));
  const refused = await bob.run(["invite"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Only owners and admins .*\(not_allowed\)\nhint: /);
  ok(await alice.run(["broker", "up", "--listen", "localhost:0", "--tls"]));
  const before = readFileSync(join(bob.home, "daemon", "work", "mesh.json"), "utf8");
  const moved = await invite();
  assert.match(moved.link, /^claudemesh:\/\/localhost:/);
  const followed = JSON.parse(ok(await bob.run(["join", moved.link, "--json"]))) as JoinAnswer;
  assert.deepEqual([followed.change, followed.mesh, followed.daemon.started], ["address", "work", true]);
  assert.notEqual(readFileSync(join(bob.home, "daemon", "work", "mesh.json"), "utf8"), before);
  ok(await bob.run(["send", "@alice", "still here", "--wait", "delivered"]));
  const { invites } = JSON.parse(ok(await alice.run(["invite", "list", "--json"]))) as { invites: InviteMade[] };
  assert.deepEqual(
    invites.map(({ state, used }) => [state, used]),
    [
      ["open", 0],
      ["open", 1],
    ],
    "following used nothing up",
  );
});

test("a member that a restored broker has lost is there again through any other that holds the membership, the same as before", async (t) => {
  const { alice, other, invite } = await exposed(t);
  const bob = other("bob");
  const data = join(alice.home, "broker");
  ok(await alice.run(["down"]));
  cpSync(data, `${data}-old`, { recursive: true });
  ok(await alice.run(["up"]));
  ok(await bob.run(["join", (await invite()).link, "--name", "bob"]));
  ok(await bob.run(["send", "@alice", "before", "--id", "before", "--wait", "delivered"]));
  const id = async (): Promise<string> => readFileSync(join(bob.home, "daemon", "team", "keypair.json"), "utf8");
  const keys = await id();
  ok(await alice.run(["down"]));
  rmSync(data, { recursive: true });
  renameSync(`${data}-old`, data);
  ok(await alice.run(["up"]));

  const { link } = await invite("--uses", "2");
  const again = JSON.parse(ok(await bob.run(["join", link, "--json"]))) as JoinAnswer;
  assert.deepEqual([again.change, again.address, again.notices], ["none", "@bob", []]);
  assert.equal(await id(), keys);
  ok(await bob.run(["send", "@alice", "after", "--id", "after", "--wait", "delivered"]));
  const { invites } = JSON.parse(ok(await alice.run(["invite", "list", "--json"]))) as { invites: InviteMade[] };
  assert.deepEqual(
    invites.map(({ used }) => used).sort(),
    [0, 1],
    "the first one is known again with its use, and nothing of the second one is used up",
  );
  const { items } = JSON.parse(ok(await alice.run(["inbox", "--json"]))) as { items: { message: string }[] };
  assert.deepEqual(items.map(({ message }) => message).sort(), ["after", "before"]);
});

test("a member whose joining everybody else has lost hands it in itself, by the link that it joined with", async (t) => {
  const { alice, other, invite } = await exposed(t);
  const bob = other("bob");
  const { link } = await invite("--uses", "1");
  ok(await alice.run(["down"]));
  const folders = ["broker", "daemon"].map((name) => join(alice.home, name));
  for (const folder of folders) cpSync(folder, `${folder}-old`, { recursive: true });
  ok(await alice.run(["up"]));
  ok(await bob.run(["join", link, "--name", "bob"]));
  const pinned = readFileSync(join(bob.home, "daemon", "team", "membership.jsonl"), "utf8");
  ok(await alice.run(["down"]));
  for (const folder of folders) {
    rmSync(folder, { recursive: true });
    renameSync(`${folder}-old`, folder);
  }
  ok(await alice.run(["up"]));

  const again = JSON.parse(ok(await bob.run(["join", link, "--json"]))) as JoinAnswer;
  assert.deepEqual([again.change, again.address, again.notices], ["admitted", "@bob", []]);
  assert.equal(readFileSync(join(bob.home, "daemon", "team", "membership.jsonl"), "utf8"), pinned);
  ok(await bob.run(["send", "@alice", "back", "--wait", "delivered"]));
});

test("a broker that shows another membership than the one that the link was made in is joined by nobody", async (t) => {
  const { alice, other, invite } = await exposed(t);
  const { link } = await invite("--uses", "5");
  const real = parseInvite(link);
  const eve = other("eve");
  for (const membership_head of ["ab".repeat(32), null]) {
    const refused = await eve.run(["join", inviteLink({ ...real, membership_head }), "--name", "eve", "--json"]);
    const error = JSON.parse(refused.stderr) as { code: string; message: string };
    assert.deepEqual([error.code, refused.stdout], ["membership_forked", ""]);
    assert.match(error.message, /another membership than the one this invite was made in/);
  }
  assert.equal(existsSync(join(eve.home, "daemon")), false, "nothing is left behind");
  ok(await eve.run(["join", link, "--name", "eve"]));
  const { members } = JSON.parse(ok(await alice.run(["members", "--json"]))) as { members: { name: string }[] };
  assert.deepEqual(members.map(({ name }) => name).sort(), ["alice", "eve"]);
});

test("killed after any file, the same link ends with the same member, and uses one of the invite up", async (t) => {
  const { alice, other, invite } = await exposed(t);
  const bob = other("bob");
  const { link } = await invite("--uses", "5");
  ok(await bob.run(["join", link, "--name", "bob"]));
  const dir = join(bob.home, "daemon", "team");
  const keys = readFileSync(join(dir, "keypair.json"), "utf8");
  for (const lost of [["mesh.json"], ["mesh.json", "membership.jsonl"]]) {
    ok(await bob.run(["down"]));
    for (const file of lost) rmSync(join(dir, file));
    assert.match(ok(await bob.run(["join", link])), /^joined as @bob /);
    assert.equal(readFileSync(join(dir, "keypair.json"), "utf8"), keys);
  }
  const { invites } = JSON.parse(ok(await alice.run(["invite", "list", "--json"]))) as { invites: InviteMade[] };
  assert.deepEqual(
    invites.map(({ used }) => used),
    [1],
  );
});

test("a link that works on this host only says so, and a wrong address to listen on stops nothing that runs", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  const made = await alice.run(["invite"]);
  assert.match(made.stderr, /works on this host only; for others, first: claudemesh broker up --listen/);
  const { broker } = await alice.status();
  const failed = await alice.run(["broker", "up", "--listen", "203.0.113.7:1"]);
  assert.equal(failed.code, 3);
  assert.match(
    failed.stderr,
    /cannot listen on 203\.0\.113\.7:1.*name an address of this host.*claudemesh broker up --listen/,
  );
  const after = (await alice.status()).broker;
  assert.deepEqual([after.state, after.url, after.exposed_url], ["running", broker.url, null]);
  assert.equal((await alice.run(["broker", "up", "--listen", "nonsense:x"])).code, 2);
  const local = JSON.parse(ok(await alice.run(["broker", "up", "--listen", "127.0.0.1:0", "--tls", "--json"]))) as {
    status: { exposed_url: string };
  };
  assert.match(local.status.exposed_url, /^wss:/);
  ok(await alice.run(["broker", "up", "--local-only"]));
  assert.equal((await alice.status()).broker.exposed_url, null);
});

test("wherever the broker listens next, also on the port it had for this host, its own home's daemon follows", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  const urls = async (): Promise<string[]> => {
    const { broker } = await alice.status();
    return [broker.url ?? "", broker.exposed_url ?? ""];
  };
  const send = (id: string) => alice.run(["send", "@alice", id, "--id", id, "--wait", "delivered"]);
  const [first = ""] = await urls();
  ok(await alice.run(["broker", "up", "--listen", "127.0.0.1:0"]));
  ok(await send("1"));
  const { port } = new URL(first);
  ok(await alice.run(["broker", "up", "--listen", `127.0.0.1:${port}`, "--tls"]));
  const [local, exposed] = await urls();
  assert.equal(exposed, `wss://127.0.0.1:${port}/v1/link`);
  assert.notEqual(local, first);
  ok(await send("2"));
  ok(await alice.run(["down"]));
  ok(await alice.run(["up"]));
  assert.deepEqual(await urls(), [local, exposed]);
  ok(await send("3"));
});

test("a broker whose store was lost is told as that, and the home's member stays what it is", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  ok(await alice.run(["down"]));
  const before = readFileSync(join(alice.home, "daemon", "local", "mesh.json"), "utf8");
  for (const name of ["broker.db", "broker.db-wal", "broker.db-shm"])
    rmSync(join(alice.home, "broker", name), { force: true });
  const lost = await alice.run(["up"]);
  assert.equal(lost.code, 1);
  assert.match(
    lost.stderr,
    /does not know the mesh of @alice any more: its broker\.db was lost or replaced \(invalid_config\)/,
  );
  assert.equal(readFileSync(join(alice.home, "daemon", "local", "mesh.json"), "utf8"), before);
});
