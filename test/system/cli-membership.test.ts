import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { host, ok, type TestHost } from "../support/claudemesh.ts";
import { cliPair } from "../support/cli-pair.ts";

/** The JSON that a command answers. */
async function json<T>(of: TestHost, ...args: readonly string[]): Promise<T> {
  return JSON.parse(ok(await of.run([...args, "--json"]))) as T;
}

interface Shown {
  readonly head: string;
  readonly entries: readonly { readonly kind: string }[];
}

test("two members read the same sixty digits, hold the same head, and each can check the whole chain", async (t) => {
  const { alice, bob } = await cliPair(t);
  const [one, other] = [
    await json<{ digits: string; member: { address: string } }>(alice, "verify", "bob"),
    await json<{ digits: string; member: { address: string } }>(bob, "verify", "@alice"),
  ];
  assert.equal(one.digits, other.digits);
  assert.match(one.digits, /^\d{5}( \d{5}){11}$/);
  assert.deepEqual([one.member.address, other.member.address], ["@bob", "@alice"]);
  const read = ok(await alice.run(["verify", "bob"]));
  assert.equal(read.replace(/\D+/g, ""), one.digits.replaceAll(" ", ""), "nothing but the digits is a digit");
  assert.match(read, /@alice and @bob/);
  const self = await alice.run(["verify", "alice"]);
  assert.equal(self.code, 1);
  assert.match(self.stderr, /nobody to compare with/);

  const [mine, his] = [await json<Shown>(alice, "membership", "show"), await json<Shown>(bob, "membership", "show")];
  assert.deepEqual(mine, his);
  assert.equal(mine.entries[0]?.kind, "create");
  assert.match(
    ok(await bob.run(["membership", "verify"])),
    new RegExp(`good {2}2 entries, 2 members\nhead {2}${mine.head}`),
  );
  assert.match(ok(await bob.run(["membership", "show"])), /began the mesh, as @alice, its owner/);
});

test("a new name is the member's for everybody, and the old one leads to it still", async (t) => {
  const { alice, bob } = await cliPair(t);
  assert.match(
    ok(await bob.run(["member", "rename", "@bob", "robert"])),
    /@robert is its name; @bob still leads to it/,
  );
  ok(await alice.run(["send", "@robert", "to the new name", "--wait", "delivered"]));
  ok(await alice.run(["send", "@bob", "to the old name", "--wait", "delivered"]));
  assert.match(ok(await alice.run(["membership", "show"])), /took in @bob as member[\s\S]*@bob +named @bob @robert\n/);
  const inbox = ok(await bob.run(["inbox"]));
  assert.match(inbox, /@robert {2}[\s\S]*to the new name[\s\S]*to the old name/);
  assert.match(ok(await bob.run(["members"])), /@robert .*\(this daemon\)/);
  const taken = await alice.run(["member", "rename", "@alice", "bob"]);
  assert.equal(taken.code, 4);
  assert.match(taken.stderr, /taken in this mesh, or was once[\s\S]*hint: choose another name\n/);
  assert.match(ok(await alice.run(["send", "@alice", "note to self"])), /queued|accepted|done/);
});

test("roles and grants are an admin's to give, and to nobody who is above", async (t) => {
  const { alice, bob } = await cliPair(t);
  const refused = await bob.run(["member", "role", "alice", "guest"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /only owners and admins/);
  assert.match((await alice.run(["member", "role", "alice", "member"])).stderr, /only owner/);
  assert.equal(ok(await alice.run(["member", "role", "bob", "admin"])), "@bob is admin\n");
  assert.match((await bob.run(["member", "role", "alice", "guest"])).stderr, /an admin of this mesh cannot/);
  ok(await alice.run(["member", "role", "bob", "guest"]));
  const granted = ok(await alice.run(["member", "grant", "bob", "#builds", "queue:Jobs"]));
  assert.equal(granted, "@bob may use #all and #builds, queue:jobs, and nothing else\n");
  assert.match(ok(await alice.run(["members"])), /@bob .*guest .*\(limited to #builds, queue:jobs\)/);
  assert.equal(ok(await alice.run(["member", "grant", "bob", "everything"])), "@bob may use every topic and queue\n");
  assert.equal((await alice.run(["member", "grant", "bob", "@alice"])).code, 2);
  assert.equal((await alice.run(["member", "role", "bob", "king"])).code, 2);
  assert.equal((await alice.run(["member", "role", "nobody", "guest"])).code, 7);
});

test("a member says whose direct messages it takes, and others' are refused", async (t) => {
  const { alice, bob } = await cliPair(t);
  assert.match(ok(await bob.run(["dm", "allow", "bob"])), /of @bob, and of nobody else/);
  const refused = await alice.run(["send", "@bob", "hello?", "--wait", "delivered"]);
  assert.equal(refused.code, 6, refused.stderr);
  assert.match(ok(await bob.run(["dm", "allow", "everybody"])), /of everybody/);
  ok(await alice.run(["send", "@bob", "hello again", "--wait", "delivered"]));
});

test("a revoked member's daemon ends and says so, takes nothing more to send, and keeps what it received", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["send", "@bob", "before", "--wait", "delivered"]));
  const unsaid = await alice.run(["member", "revoke", "bob"]);
  assert.equal(unsaid.code, 2);
  assert.match(unsaid.stderr, /nothing is done yet[\s\S]*--yes/);
  assert.match(ok(await alice.run(["member", "revoke", "bob", "--yes"])), /revoked @bob/);
  await ended(bob);
  assert.match((await bob.run(["daemon", "logs"])).stdout, /member_revoked/);
  assert.doesNotMatch(ok(await alice.run(["members"])), /@bob/);
  assert.match(ok(await alice.run(["members", "--ended"])), /@bob .*\(revoked\)/);
  const sent = await alice.run(["send", "@bob", "after"]);
  assert.equal(sent.code, 7);
  assert.match(sent.stderr, /has left this mesh, or was revoked/);

  const up = await bob.up();
  assert.match(ok(up), /^daemon started/m);
  assert.match(up.stderr, /@bob was revoked or has left mesh local: its daemon shows what was received, and no more/);
  assert.match(ok(await bob.run(["inbox"])), /before/);
  const refused = await bob.run(["send", "@alice", "still here?"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /\(not_a_member\)/);
  assert.match((await bob.run(["doctor"])).stdout, /shows what was received/);
  ok(await bob.run(["daemon", "restart"]));
  assert.match(ok(await bob.run(["inbox"])), /before/);
  // The broker may have been wrong: it is asked again when somebody says so, and says the same.
  const asked = await bob.run(["daemon", "up", "--no-read-only"]);
  assert.equal(asked.code, 3);
  assert.match(asked.stderr, /has ended at its first attempt \(exit code 23\): .*member_revoked/);
  await ended(bob);
});

test("who leaves is gone for good; the only owner cannot", async (t) => {
  const { alice, bob } = await cliPair(t);
  assert.match((await alice.run(["leave", "--yes"])).stderr, /only owner/);
  assert.equal((await bob.run(["leave"])).code, 2);
  ok(await alice.run(["send", "@bob", "before", "--wait", "delivered"]));
  assert.match(ok(await bob.run(["leave", "--yes"])), /@bob has left.*claudemesh up/);
  await ended(bob);
  assert.match(ok(await bob.run(["mesh", "list"])), /local .* ended /);
  ok(await bob.up());
  assert.match(ok(await bob.run(["search", "before"])), /before/);
  assert.match(ok(await alice.run(["members", "--ended"])), /@bob .*\(left\)/);
});

test("a daemon that is told to dial no broker does so, and nobody says that its membership has ended", async (t) => {
  const { alice } = await cliPair(t);
  ok(await alice.run(["daemon", "down"]));
  const aside = await alice.run(["daemon", "up", "--read-only"]);
  assert.match(ok(aside), /^daemon started/m);
  assert.doesNotMatch(aside.stderr, /revoked/);
  assert.match(ok(await alice.run(["status"])), /running \(pid \d+\), for reading alone$/m);
  assert.match((await alice.run(["doctor"])).stdout, /it was started so/);
  ok(await alice.run(["daemon", "up", "--no-read-only"]));
  ok(await alice.run(["send", "@bob", "back", "--wait", "delivered"]));
});

/** Resolves when the host's daemon does not run any more; each look is a process of its own. */
async function ended(of: TestHost): Promise<void> {
  while ((await of.status()).daemons.some(({ state }) => state === "running"));
}

test("up tells when it had to hand in what the broker had lost of the membership", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  ok(await alice.run(["down"]));
  const store = join(alice.home, "broker", "broker.db");
  const before = readFileSync(store);
  ok(await alice.up());
  ok(await alice.run(["invite"]));
  const { head } = await json<Shown>(alice, "membership", "show");
  ok(await alice.run(["down"]));
  for (const end of ["-wal", "-shm"]) rmSync(`${store}${end}`, { force: true });
  writeFileSync(store, before);
  const again = await alice.up();
  ok(again);
  assert.match(again.stderr, /notice: the broker had lost the newest entry of the mesh's membership/);
  assert.equal((await json<Shown>(alice, "membership", "show")).head, head);
  ok(await alice.run(["down"]));
  assert.doesNotMatch((await alice.up()).stderr, /had lost/);
});
