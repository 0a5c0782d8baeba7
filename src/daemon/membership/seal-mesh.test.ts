import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import type { AnnouncedKeys } from "../../protocol/membership-frames.ts";
import { activeMembers } from "../../protocol/membership/state.ts";
import {
  type ChainBroker,
  type ChainPerson,
  chainBroker,
  chainMesh,
  chainPerson,
  foundChain,
} from "./chain.fixture.ts";
import { createMembership } from "./membership.ts";
import { createMeshSeal, type MeshSeal } from "./seal-mesh.ts";
import type { Membership } from "../parts.ts";

/** A mesh without a chain: its broker, with the members that it knows and what they announced. */
function unsealed(people: readonly (readonly [ChainPerson, AnnouncedKeys["role"], announced: boolean])[]) {
  const broker = chainBroker([]);
  const announced = new Set(people.filter(([, , has]) => has).map(([{ memberId }]) => memberId));
  const request = async (frame: { type: string } & Record<string, unknown>): Promise<unknown> => {
    if (frame.type !== "keys_announced") return broker.request(frame);
    const members: AnnouncedKeys[] = people
      .filter(([{ memberId }]) => broker.state()?.members.has(memberId) !== true)
      .map(([{ memberId, name, member }, role]) => ({
        member_id: memberId,
        name,
        role,
        x25519_pubkey: announced.has(memberId) ? member.x25519_pubkey : null,
        proof: announced.has(memberId) ? member.proof : null,
      }));
    return { members };
  };
  return { broker, announced, request };
}

interface Home {
  readonly membership: Membership;
  readonly seal: MeshSeal;
  readonly dir: string;
}

function home(
  t: TestContext,
  person: ChainPerson,
  request: (frame: { type: string } & Record<string, unknown>) => Promise<unknown>,
  dir = mkdtempSync(join(tmpdir(), "cm-seal-")),
): Home {
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const identity = { ...person, x25519PublicKey: person.member.x25519_pubkey };
  const membership = createMembership({
    dir,
    meshId: chainMesh,
    identity,
    clock: systemClock,
    log: silentLog,
    request,
    tell: async () => undefined,
  });
  return {
    dir,
    membership,
    seal: createMeshSeal({
      meshId: chainMesh,
      identity,
      membership,
      request,
      clock: systemClock,
      followKeys: async () => undefined,
    }),
  };
}

const names = (members: readonly { readonly name: string }[]): string[] => members.map(({ name }) => name);
const chainOf = (broker: ChainBroker): string[] => {
  const state = broker.state();
  return state === null ? [] : activeMembers(state).map(({ name, role }) => `${name} ${role}`);
};

test("the owner founds the membership with everybody whose keys are known; who announces later is taken in by the next time", async (t) => {
  const [ada, bob, eve] = [chainPerson("ada"), chainPerson("bob"), chainPerson("eve")];
  const mesh = unsealed([
    [ada, "owner", true],
    [bob, "admin", true],
    [eve, "guest", false],
  ]);
  const { seal, membership } = home(t, ada, mesh.request);
  const plan = await seal.plan();
  assert.deepEqual(
    [plan.action, plan.owner.name, names(plan.members), names(plan.left_out)],
    ["found", "ada", ["ada", "bob"], ["eve"]],
  );
  assert.equal(mesh.broker.entries.length, 0, "looking changes nothing");
  const done = await seal.seal(plan.digest);
  assert.deepEqual([done.members, done.head], [2, mesh.broker.state()?.head]);
  assert.deepEqual(chainOf(mesh.broker), ["ada owner", "bob admin"]);
  assert.deepEqual(membership.state()?.unsealedThrough, { epoch: 1, seq: 40 });
  assert.equal((await seal.plan()).action, "none");
  mesh.announced.add(eve.memberId);
  const again = await seal.plan();
  assert.deepEqual([again.action, names(again.left_out)], ["admit", []]);
  await seal.seal(again.digest);
  assert.deepEqual(chainOf(mesh.broker), ["ada owner", "bob admin", "eve guest"]);
});

test("what was not shown is not done: somebody who comes between is asked about again", async (t) => {
  const [ada, eve] = [chainPerson("ada"), chainPerson("eve")];
  const mesh = unsealed([
    [ada, "owner", true],
    [eve, "member", false],
  ]);
  const { seal } = home(t, ada, mesh.request);
  const { digest } = await seal.plan();
  mesh.announced.add(eve.memberId);
  await assert.rejects(seal.seal(digest), { code: "already_exists", hint: /mesh seal/ });
  assert.equal(mesh.broker.entries.length, 0);
});

test("keys that do not prove each other are as if they had not been announced", async (t) => {
  const [ada, bob, eve] = [chainPerson("ada"), chainPerson("bob"), chainPerson("eve")];
  const swapped = { ...bob, member: { ...bob.member, x25519_pubkey: eve.member.x25519_pubkey } };
  const mesh = unsealed([
    [ada, "owner", true],
    [swapped, "member", true],
  ]);
  const plan = await home(t, ada, mesh.request).seal.plan();
  assert.deepEqual([names(plan.members), names(plan.left_out)], [["ada"], ["bob"]]);
});

test("only the owner begins it, and everybody else is told who that is", async (t) => {
  const [ada, bob] = [chainPerson("ada"), chainPerson("bob")];
  const mesh = unsealed([
    [ada, "owner", true],
    [bob, "admin", true],
  ]);
  const { seal } = home(t, bob, mesh.request);
  await assert.rejects(seal.plan(), { code: "not_allowed", hint: /@ada/ });
});

test("another home pins the chain that it was shown, and no other one", async (t) => {
  const [ada, bob, eve] = [chainPerson("ada"), chainPerson("bob"), chainPerson("eve")];
  const mesh = unsealed([
    [ada, "owner", true],
    [bob, "member", true],
    [eve, "member", false],
  ]);
  const owners = home(t, ada, mesh.request);
  await owners.seal.seal((await owners.seal.plan()).digest);
  const { seal, membership, dir } = home(t, bob, mesh.request);
  const plan = await seal.plan();
  assert.deepEqual([plan.action, plan.owner.member_id, names(plan.members)], ["pin", ada.memberId, ["ada", "bob"]]);
  const real = [...mesh.broker.entries];
  // The same members in a chain that somebody else with these names has made.
  const fakeAda = chainPerson("ada");
  mesh.broker.entries = [foundChain(fakeAda)];
  mesh.broker.append(fakeAda, { kind: "admit", member: bob.member, role: "member" });
  await assert.rejects(seal.seal(plan.digest), { code: "already_exists" });
  assert.equal(membership.state(), null);
  mesh.broker.entries = real;
  await seal.seal(plan.digest);
  assert.equal(membership.state()?.head, mesh.broker.state()?.head);
  assert.equal(membership.trouble(), null);
  assert.equal(home(t, bob, mesh.request, dir).membership.state()?.head, mesh.broker.state()?.head, "it is on disk");
  await assert.rejects(home(t, eve, mesh.request).seal.plan(), { code: "not_a_member", hint: /@ada/ });
});

test("cut off after any request, the next attempt ends with one chain and everybody in it", async (t) => {
  for (let cut = 0; ; cut += 1) {
    const [ada, bob, cam] = [chainPerson("ada"), chainPerson("bob"), chainPerson("cam")];
    const mesh = unsealed([
      [ada, "owner", true],
      [bob, "member", true],
      [cam, "member", true],
    ]);
    let left = cut;
    let wasCut = false;
    const cutting = async (frame: { type: string } & Record<string, unknown>): Promise<unknown> => {
      const answer = await mesh.request(frame);
      left -= 1;
      if (left < 0) wasCut = true;
      if (wasCut) throw new Error("the link was cut before the answer came");
      return answer;
    };
    const first = home(t, ada, cutting);
    await first.seal
      .plan()
      .then(({ digest }) => first.seal.seal(digest))
      .catch(() => undefined);
    const second = home(t, ada, mesh.request, first.dir);
    await second.membership.follow(mesh.request);
    const plan = await second.seal.plan();
    await second.seal.seal(plan.digest);
    assert.deepEqual(chainOf(mesh.broker), ["ada owner", "bob member", "cam member"], `cut ${cut}`);
    assert.equal(second.membership.state()?.head, mesh.broker.state()?.head);
    if (!wasCut) break;
  }
});
