import assert from "node:assert/strict";
import { test } from "node:test";
import { chainPerson } from "../membership/chain.fixture.ts";
import { headOf } from "./fake-broker.fixture.ts";
import { linkBench, meshId } from "./link-bench.fixture.ts";

const bob = chainPerson("bob", meshId);

test("a link begins with what the membership's chain says anew, before anything is named by it", async (t) => {
  const made = await linkBench(t);
  made.chain().append(made.self, { kind: "admit", member: bob.member, role: "member" });
  await made.connected();
  assert.deepEqual(
    ((await made.get("/v1/members"))["items"] as { name: string }[]).map(({ name }) => name),
    ["ada", "bob"],
  );
  const joined = await made.event("member_joined");
  assert.deepEqual([joined["name"], joined["by_name"]], ["bob", "ada"]);
});

test("news of the chain are followed on an open link; the broker's own word of who joined or left is told nobody", async (t) => {
  const made = await linkBench(t);
  const link = await made.connected();
  const mallory = { member_id: "cd".repeat(32), name: "mallory", role: "owner", online: true, agents: [] };
  link.send({ type: "event", event: "member_joined", member: { ...mallory, last_seen_at: null } });
  made.chain().append(made.self, { kind: "admit", member: bob.member, role: "member" });
  link.send({ type: "event", event: "membership_changed", head: headOf(made.chain()) });
  assert.equal((await made.event("member_joined"))["name"], "bob");
});

test("a broker that shows another chain is told of loudly, and the link goes on with what is held", async (t) => {
  const made = await linkBench(t);
  const link = await made.connected();
  const before = made.chain().entries.slice();
  made.chain().append(made.self, { kind: "dm_from", from: [] });
  link.send({ type: "event", event: "membership_changed", head: headOf(made.chain()) });
  while ((await made.get("/v1/membership"))["n"] !== 1) await new Promise((resolve) => setImmediate(resolve));
  made.chain().entries = before;
  made.chain().append(made.self, { kind: "admit", member: bob.member, role: "member" });
  link.send({ type: "event", event: "membership_changed", head: headOf(made.chain()) });
  assert.match(String((await made.event("membership_forked"))["message"]), /nothing of it is taken/);
  const shown = await made.get("/v1/membership");
  assert.equal((shown["trouble"] as { code: string }).code, "membership_forked");
  await made.link("connected");
});

test("a member that the chain has ended takes nothing more to send, and its daemon ends as revoked", async (t) => {
  const made = await linkBench(t);
  const link = await made.connected();
  const chain = made.chain();
  chain.append(made.self, { kind: "admit", member: bob.member, role: "admin" });
  chain.append(made.self, { kind: "role", member_id: bob.memberId, role: "owner" });
  chain.append(bob, { kind: "revoke", member_id: made.self.memberId, through: { epoch: 1, seq: 0 } });
  link.send({ type: "event", event: "membership_changed", head: headOf(chain) });
  const end = await made.daemon.ended;
  assert.equal(end?.kind, "member_revoked");
  assert.match(end?.message ?? "", /revoked by an admin/);
  await assert.rejects(made.send("late"), /not_a_member/);
  assert.equal((await made.event("member_revoked"))["name"], "ada");
});
