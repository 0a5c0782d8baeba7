import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { silentLog } from "../../src/base/log.ts";
import { joinBroker, localSlug } from "../../src/bin/join-broker.ts";
import { newMemberOf } from "../../src/bin/mesh-chain.ts";
import { createKeypair, readKeypair } from "../../src/daemon/identity/keypair.ts";
import { readMeshFile } from "../../src/daemon/identity/mesh-file.ts";
import { openMembershipFile } from "../../src/daemon/membership/membership-file.ts";
import { nextEntry } from "../../src/protocol/membership/chain.ts";
import { activeMembers, type MembershipState } from "../../src/protocol/membership/state.ts";
import { broker, type TestBroker } from "../support/broker.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** A broker, and folders of members that are or are not there yet. */
async function place(t: TestContext) {
  const folder = tempFolder(t);
  const started = await broker(t, { dataDir: join(folder, "broker") });
  const dirOf = (name: string): string => {
    const dir = join(folder, name);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return dir;
  };
  return {
    folder,
    broker: started,
    dirOf,
    /** As `up --broker` does, under that name. */
    join: (name: string, role: "owner" | "member" = "member", at: TestBroker = started) =>
      joinBroker({ dir: dirOf(name), dataDir: at.dataDir, name, role }),
    pinned: (name: string) => pinned(dirOf(name)),
  };
}

function pinned(dir: string): MembershipState {
  const file = openMembershipFile(dir, readMeshFile(dir).mesh_id, silentLog);
  assert.ok(file !== null);
  return file.state;
}

async function headAt({ admin }: TestBroker): Promise<string | undefined> {
  const { mesh_id } = await admin.mesh(localSlug);
  return (await admin.membershipAbove(mesh_id, -1)).head?.hash;
}

const shown = (state: MembershipState): string[] => activeMembers(state).map(({ name, role }) => `${name} ${role}`);

test("who comes first founds the membership and owns it, whatever role was asked; who comes later is taken in with the owner's keys", async (t) => {
  const { broker, join: enter, pinned, dirOf } = await place(t);
  await enter("ada");
  await enter("bob");
  await enter("cam", "owner");
  assert.deepEqual(shown(pinned("ada")), ["ada owner"]);
  assert.deepEqual(shown(pinned("cam")), ["ada owner", "bob member", "cam owner"]);
  assert.equal(pinned("cam").head, await headAt(broker));
  for (const file of [join(dirOf("ada"), "membership.jsonl"), join(broker.dataDir, "founders.json")])
    assert.equal(statSync(file).mode & 0o777, 0o600, file);
  const founders = readFileSync(join(broker.dataDir, "founders.json"), "utf8");
  assert.deepEqual(
    JSON.parse(founders),
    { [readMeshFile(dirOf("ada")).mesh_id]: dirOf("ada") },
    "a pointer, no secret",
  );
});

test("killed after any file, the same command ends with the same member and one entry of it", async (t) => {
  const { broker, join: enter, pinned, dirOf } = await place(t);
  await enter("ada");
  await enter("bob");
  const head = await headAt(broker);
  for (const name of ["ada", "bob"])
    for (const lost of [["mesh.json"], ["mesh.json", "membership.jsonl"]]) {
      for (const file of lost) rmSync(join(dirOf(name), file));
      if (name === "ada") rmSync(join(broker.dataDir, "founders.json"));
      await enter(name);
      assert.equal(pinned(name).head, head, `${name} without ${lost.join()}`);
      assert.equal(readMeshFile(dirOf(name)).member_name, name);
    }
  assert.equal(await headAt(broker), head);
  assert.ok(existsSync(join(broker.dataDir, "founders.json")));
});

test("a name that nobody chose gets a number, and one that was chosen is refused", async (t) => {
  const { broker, join: enter, pinned, dirOf } = await place(t);
  await enter("ada");
  const unnamed = (dir: string) => joinBroker({ dir: dirOf(dir), dataDir: broker.dataDir, name: null, role: "member" });
  await unnamed("one");
  await unnamed("two");
  const [, one = "", two] = shown(pinned("two")).map((line) => line.split(" ")[0]);
  assert.equal(two, `${one}-2`);
  await assert.rejects(joinBroker({ dir: dirOf("three"), dataDir: broker.dataDir, name: "ADA", role: "member" }), {
    code: "already_exists",
    hint: /--name/,
  });
  assert.equal(existsSync(join(dirOf("three"), "mesh.json")), false);
});

test("where the founder's folder is gone, not this user's or not known, a home is told to ask for an invite, and nothing is founded beside it", async (t) => {
  const { broker, join: enter, dirOf } = await place(t);
  await enter("ada");
  const head = await headAt(broker);
  const refused = { code: "not_allowed", message: /owner's keys/, hint: /claudemesh invite/ };
  renameSync(dirOf("ada"), `${dirOf("ada")}-kept`);
  await assert.rejects(enter("bob"), { ...refused, message: /is gone or belongs to another user/ });
  rmSync(dirOf("ada"), { recursive: true });
  renameSync(`${dirOf("ada")}-kept`, dirOf("ada"));
  renameSync(join(dirOf("ada"), "membership.jsonl"), join(dirOf("ada"), "kept"));
  await assert.rejects(enter("bob"), { ...refused, message: /lost its membership\.jsonl/ });
  renameSync(join(dirOf("ada"), "kept"), join(dirOf("ada"), "membership.jsonl"));
  rmSync(join(broker.dataDir, "founders.json"));
  await assert.rejects(enter("bob"), { ...refused, message: /not known here/ });
  assert.equal(existsSync(join(dirOf("bob"), "mesh.json")), false);
  assert.equal(await headAt(broker), head);
  await enter("ada");
  await enter("bob");
});

test("several that come at once found one membership; who lost the race is in it, or is told and is in the next time", async (t) => {
  const { broker, join: enter, pinned } = await place(t);
  const names = ["ada", "bob", "cam", "dan"];
  const came = await Promise.allSettled(names.map((name) => enter(name)));
  for (const one of came)
    if (one.status === "rejected") assert.match(String((one.reason as { code: string }).code), /^not_allowed$/);
  for (const name of names) await enter(name);
  const states = names.map((name) => pinned(name));
  const longest = states.reduce((one, other) => (other.n > one.n ? other : one));
  assert.equal(longest.head, await headAt(broker));
  assert.deepEqual(
    activeMembers(longest)
      .map(({ name }) => name)
      .sort(),
    names,
  );
  for (const state of states) assert.equal(longest.places.get(state.head), state.n);
});

test("a broker that was put back from before the founding gets the membership again, and no other one is founded in its place", async (t) => {
  const { folder, broker: started, join: enter, pinned } = await place(t);
  await started.admin.mesh(localSlug);
  await started.broker.stop();
  cpSync(started.dataDir, join(folder, "old"), { recursive: true });
  const second = await started.restart();
  await enter("ada", "member", second);
  await enter("bob", "member", second);
  const founders = readFileSync(join(started.dataDir, "founders.json"));
  await second.broker.stop();
  rmSync(started.dataDir, { recursive: true });
  renameSync(join(folder, "old"), started.dataDir);
  writeFileSync(join(started.dataDir, "founders.json"), founders, { mode: 0o600 });
  const third = await second.restart();
  assert.equal(await headAt(third), undefined);
  await enter("cam", "member", third);
  // The founder's daemon has not run: its folder pins what it founded, and what came behind that is bob's alone.
  assert.deepEqual(shown(pinned("cam")), ["ada owner", "cam member"]);
  await assert.rejects(enter("bob", "member", third), { code: "membership_forked" });
});

test("a broker that shows another membership than the one pinned is told loudly to who is in it", async (t) => {
  const { folder, broker: started, join: enter, dirOf } = await place(t);
  await enter("ada");
  await started.broker.stop();
  cpSync(started.dataDir, join(folder, "fork"), { recursive: true });
  const real = await started.restart();
  await enter("bob", "member", real);
  await real.broker.stop();
  const fork = await broker(t, { dataDir: join(folder, "fork") });
  const { mesh_id } = readMeshFile(dirOf("ada"));
  const ada = readKeypair(dirOf("ada"));
  const eve = newMemberOf(mesh_id, createKeypair(dirOf("eve"), 0), "eve");
  const maker = { by: ada.memberId, keyId: ada.keyId, key: ada.signingKey };
  const before = { meshId: mesh_id, n: 0, head: String(await headAt(fork)) };
  await fork.admin.appendMembership(mesh_id, [
    nextEntry(before, { kind: "admit", member: eve, role: "member" }, maker, "2026-01-01T00:00:00.000Z"),
  ]);
  await assert.rejects(enter("bob", "member", fork), { code: "membership_forked" });
});
