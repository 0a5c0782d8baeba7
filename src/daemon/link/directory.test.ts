import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { verifyChain } from "../../protocol/membership/chain.ts";
import type { MembershipState } from "../../protocol/membership/state.ts";
import { chainBroker, chainMesh, chainPerson, foundChain } from "../membership/chain.fixture.ts";
import type { Inbox } from "../parts.ts";
import { resolveMember } from "../resolve-address.ts";
import { directoryKeeper } from "./directory.ts";

const ada = {
  member_id: "ab".repeat(32),
  name: "ada",
  role: "owner",
  online: true,
  agents: ["main"],
  last_seen_at: null,
};
const unseen = { last_seen_at: null, kicked_until: null, clone_suspected_at: null };
const builds = {
  topic_id: "t",
  name: "builds",
  created_at: "2026-01-01T00:00:00.000Z",
  subscribers: 1,
  subscribed: true,
};

function keeper(state: MembershipState | null = null) {
  const facts = new Map<string, string>();
  const inbox: Pick<Inbox, "fact" | "setFact"> = {
    fact: (name) => facts.get(name) ?? null,
    setFact: async (name, value) => void facts.set(name, value),
  };
  const directory = directoryKeeper(inbox as Inbox, createManualClock(), { state: () => state });
  const told = (members: unknown, topics: unknown, queues: unknown = [], expired?: unknown) =>
    directory.refresh(async ({ type }) => {
      if (queues instanceof Error && type === "queues") throw queues;
      return { members, topics, queues, expired };
    });
  return { directory, facts, told };
}

test("what a broker tells of members and topics is kept as it is told", async () => {
  const { directory, told } = keeper();
  await told(
    [ada, { ...ada, name: "Bob.2", agents: [], last_seen_at: "2026-01-01T00:00:00.000Z", later: 1 }],
    [builds],
  );
  assert.deepEqual(
    [directory.current()?.members.map(({ name }) => name), directory.current()?.topics],
    [["ada", "Bob.2"], [builds]],
  );
});

test("topics and agents that are no names are left out: a member that names them so keeps nobody from the rest", async () => {
  const { directory, told } = keeper();
  const names = ["$(id)", "--file", "a\nb", "\u001b[2J"];
  await told(
    [{ ...ada, agents: ["main", ...names, 7, null] }],
    [...names.map((name) => ({ ...builds, name })), builds],
  );
  assert.deepEqual(directory.current()?.members[0]?.agents, ["main"]);
  assert.deepEqual(directory.current()?.topics, [builds]);
});

test("what cannot be members or topics is refused whole, and what was told before stays", async () => {
  const { directory, facts, told } = keeper();
  await told([ada], [builds]);
  const before = directory.current();
  const wrongMembers: unknown[] = [undefined, null, {}, [null], ["ada"]];
  for (const name of ["", "a b", "$(id)", "../x", "-x", "\u001b[2J", "a\nb", "x".repeat(65), 7, null])
    wrongMembers.push([{ ...ada, name }]);
  for (const wrong of [
    { member_id: "../x" },
    { role: "\u001b[2J" },
    { agents: "main" },
    { online: 1 },
    { last_seen_at: "soon" },
  ])
    wrongMembers.push([{ ...ada, ...wrong }]);
  for (const members of wrongMembers) await assert.rejects(told(members, [builds]), isProtocolError, String(members));
  const wrongTopics: unknown[] = [undefined, [null]];
  for (const wrong of [{ name: 1 }, { topic_id: 1 }, { subscribers: "\n" }, { subscribed: 1 }])
    wrongTopics.push([{ ...builds, ...wrong }]);
  for (const topics of wrongTopics) await assert.rejects(told([ada], topics), isProtocolError, String(topics));
  await assert.rejects(
    directory.refresh(async () => null),
    isProtocolError,
  );
  assert.deepEqual([directory.current(), facts.size], [before, 1]);
});

test("who has expired is told by ids alone; a list of anything else is refused whole", async () => {
  const { directory, told } = keeper();
  await told([ada], [builds], [], ["cd".repeat(32)]);
  for (const expired of [{}, "ada", ["ada"], [7], [null], null])
    await assert.rejects(told([], [], [], expired), { code: "protocol_error" });
  assert.deepEqual(directory.current()?.expired, ["cd".repeat(32)]);
  await told([ada], [builds]);
  assert.deepEqual(directory.current()?.expired, [], "a broker of before tells of none");
});

test("queues are known by their names; a broker that does not know the question has none, and one that lies is refused", async () => {
  const { directory, told } = keeper();
  await told(
    [ada],
    [builds],
    [
      { name: "jobs", counts: null, unsealed: true, unsealed_through: 7 },
      { name: "$(id)" },
      { name: 7 },
      { name: "mails", unsealed: "yes", unsealed_through: "9" },
    ],
  );
  assert.deepEqual(directory.current()?.queues, [
    { name: "jobs", unsealed: true, unsealed_through: 7 },
    { name: "mails", unsealed: false, unsealed_through: 0 },
  ]);
  for (const queues of [undefined, null, {}, [null], ["jobs"]])
    await assert.rejects(told([ada], [builds], queues ?? null), isProtocolError);
  await assert.rejects(told([ada], [builds], new ClaudemeshError("store_unavailable", "")), {
    code: "store_unavailable",
  });
  const older = new ClaudemeshError("protocol_error", "unknown", { details: { unknown_type: "queues" } });
  await told([ada], [builds], older);
  assert.deepEqual(directory.current()?.queues, []);
});

function isProtocolError(thrown: unknown): boolean {
  return thrown instanceof ClaudemeshError && thrown.code === "protocol_error";
}

test("who is a member, under which name and role, is the chain's to say; the broker adds who is there", async () => {
  const [owner, bob, gone] = [chainPerson("ada"), chainPerson("bob"), chainPerson("carl")];
  const chain = chainBroker([foundChain(owner)]);
  for (const person of [bob, gone]) chain.append(owner, { kind: "admit", member: person.member, role: "member" });
  chain.append(bob, { kind: "rename", member_id: bob.memberId, name: "bert" });
  chain.append(owner, { kind: "revoke", member_id: gone.memberId, through: { epoch: 1, seq: 1 } });
  const { directory, told } = keeper(verifyChain(chain.entries, chainMesh));
  await told(
    [
      { ...ada, member_id: bob.memberId, name: "ada", role: "owner", agents: ["main"] },
      { ...ada, member_id: gone.memberId, name: "carl" },
      { ...ada, member_id: "cd".repeat(32), name: "mallory", role: "admin" },
    ],
    [builds],
  );
  assert.deepEqual(directory.current()?.members, [
    { member_id: owner.memberId, name: "ada", role: "owner", online: false, agents: [], ...unseen },
    { member_id: bob.memberId, name: "bert", role: "member", online: true, agents: ["main"], ...unseen },
  ]);
  assert.deepEqual(directory.current()?.topics, [{ ...builds, unsealed: false, unsealed_through: 0 }]);
  const self = { memberId: owner.memberId, name: "ada" };
  const find = (member: string): string =>
    resolveMember({ kind: "member", member, agent: null, byId: false }, directory.current(), self);
  assert.equal(find("bert"), bob.memberId);
  assert.equal(find("bob"), bob.memberId, "an earlier name leads to its member");
  assert.throws(() => find("carl"), { code: "unknown_destination", message: /has left this mesh, or was revoked/ });
  assert.throws(() => find("mallory"), { code: "unknown_destination" });
});

test("a broker alone opens no topic or queue for what nobody has signed: the chain must have opened it once", async () => {
  const owner = chainPerson("ada");
  const chain = chainBroker([foundChain(owner)]);
  const says = { unsealed: true, unsealed_through: 9 };
  const policies = async (): Promise<unknown[]> => {
    const { directory, told } = keeper(verifyChain(chain.entries, chainMesh));
    await told([], [{ ...builds, ...says }], [{ name: "jobs", ...says }]);
    const { topics = [], queues = [] } = directory.current() ?? {};
    return [...topics, ...queues].map(({ unsealed, unsealed_through }) => [unsealed, unsealed_through]);
  };
  const closed = [false, 0];
  assert.deepEqual(await policies(), [closed, closed]);
  chain.append(owner, { kind: "policy", destination: "#builds", unsealed: true });
  assert.deepEqual(await policies(), [[true, 9], closed]);
  chain.append(owner, { kind: "policy", destination: "#builds", unsealed: false });
  chain.append(owner, { kind: "policy", destination: "queue:jobs", unsealed: true });
  assert.deepEqual(await policies(), [
    [false, 9],
    [true, 9],
  ]);
});

test("news of a member's agents are kept; what is no name of them is left out, and what cannot be read is refused", async () => {
  const { directory, told } = keeper();
  await told([ada, { ...ada, member_id: "cd".repeat(32), name: "bob" }], []);
  const news = { agents: ["shop", "a\nb", 7], agents_told: { former: ["old", "$(id)"], online: ["shop", null] } };
  assert.equal(await directory.agentsChanged(ada.member_id, news), true);
  const agents = () => directory.current()?.members.map(({ agents, agents_told }) => [agents, agents_told]);
  assert.deepEqual(agents(), [
    [["shop"], { former: ["old"], online: ["shop"] }],
    [["main"], undefined],
  ]);
  assert.equal(await directory.agentsChanged("ef".repeat(32), news), false, "nobody that is known");
  for (const wrong of [null, "agents", { agents: "shop" }, {}])
    await assert.rejects(directory.agentsChanged(ada.member_id, wrong), { code: "protocol_error" });
  assert.equal(await directory.agentsChanged(ada.member_id, { agents: [], agents_told: { former: 7 } }), true);
  assert.deepEqual(agents()?.[0], [[], undefined], "what is said unclearly is not said");
});
