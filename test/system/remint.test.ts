import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { acquireLock } from "../../src/base/lock-file.ts";
import { silentLog } from "../../src/base/log.ts";
import { acceptHosts } from "../../src/bin/accept-hosts.ts";
import { joinBroker, localSlug } from "../../src/bin/join-broker.ts";
import { readLaunchRecord, writeLaunchRecord } from "../../src/bin/launch-record.ts";
import { finishRemints, remint } from "../../src/bin/remint.ts";
import { setAside } from "../../src/bin/set-aside.ts";
import { readKeypair } from "../../src/daemon/identity/keypair.ts";
import { readMeshFile } from "../../src/daemon/identity/mesh-file.ts";
import { openMembershipFile } from "../../src/daemon/membership/membership-file.ts";
import { activeMembers } from "../../src/protocol/membership/state.ts";
import { broker } from "../support/broker.ts";
import { onEnd } from "../support/on-end.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** A broker, its owner's home, and a home of a further member with settings of its own. */
async function place(t: TestContext) {
  const folder = tempFolder(t);
  const started = await broker(t, { dataDir: join(folder, "ada", "broker") });
  const homeOf = async (name: string): Promise<string> => {
    const home = join(folder, name);
    const dir = join(home, "daemon", localSlug);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    await joinBroker({ dir, dataDir: started.dataDir, name, role: "member" });
    return home;
  };
  const ada = await homeOf("ada");
  const bob = await homeOf("bob");
  const dir = join(bob, "daemon", localSlug);
  writeFileSync(join(dir, "config.toml"), "[link]\nping_seconds = 20\n");
  writeLaunchRecord(dir, { ...readLaunchRecord(dir), broker: started.dataDir, http: true });
  const copy = join(folder, "copy");
  cpSync(bob, copy, { recursive: true });
  const again = (home: string, more: { link?: string; name?: string; stop?: () => Promise<void> } = {}) =>
    remint(
      {
        home,
        mesh: localSlug,
        link: more.link ?? null,
        name: more.name ?? null,
        signal: AbortSignal.timeout(20_000),
      },
      { brokerDir: started.dataDir, stop: more.stop ?? (async () => undefined) },
    );
  const members = async (): Promise<string[]> => {
    const watcher = await homeOf(`watcher${readdirSync(folder).length}`);
    const file = openMembershipFile(join(watcher, "daemon", localSlug), readMeshFile(dir).mesh_id, silentLog);
    assert.ok(file !== null);
    return activeMembers(file.state)
      .map(({ name, role }) => `${name} ${role}`)
      .filter((shown) => !shown.startsWith("watcher"));
  };
  return { folder, broker: started, ada, bob, copy, again, members };
}

const dirIn = (home: string): string => join(home, "daemon", localSlug);
const filesOf = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir, { withFileTypes: true })
      .filter((found) => found.isFile())
      .map(({ name }) => [name, readFileSync(join(dir, name)).toString("base64")]),
  );

test("a copy becomes a member of its own, with the settings that it had, and the copied folder is set aside whole", async (t) => {
  const { bob, copy, again, members } = await place(t);
  const before = filesOf(dirIn(copy));
  const answer = await again(copy, { name: "bert" });
  assert.deepEqual([answer.address, answer.former, answer.mesh], ["@bert", "@bob", localSlug]);
  assert.deepEqual(filesOf(answer.set_aside), before);
  assert.equal(statSync(join(copy, "set-aside")).mode & 0o777, 0o700);
  assert.notEqual(readKeypair(dirIn(copy)).memberId, readKeypair(dirIn(bob)).memberId);
  assert.equal(readFileSync(join(dirIn(copy), "config.toml"), "utf8"), "[link]\nping_seconds = 20\n");
  assert.equal(readLaunchRecord(dirIn(copy)).http, true);
  assert.deepEqual(readdirSync(join(copy, "set-aside")).length, 1);
  assert.deepEqual(await members(), ["ada owner", "bob member", "bert member"]);
});

test("a copy of the founder's folder leaves the mesh an owner whose keys are here: the next home is taken in by it", async (t) => {
  const { ada, again, members } = await place(t);
  await again(ada, { name: "eve" });
  assert.deepEqual(await members(), ["ada owner", "bob member", "eve owner"]);
});

test("killed anywhere, the same command or the next start ends with one new member, and nothing of the old one is lost", async (t) => {
  const { copy, again, members } = await place(t);
  const before = filesOf(dirIn(copy));
  const killed = async (): Promise<void> => {
    throw new Error("killed");
  };
  await assert.rejects(again(copy, { name: "bert", stop: killed }), /killed/);
  assert.deepEqual(filesOf(dirIn(copy)), before, "the old one is in place until the new one is whole");
  finishRemints(copy);
  assert.deepEqual(filesOf(dirIn(copy)), before, "a start before the swap swaps nothing");
  // As one that is killed between the two renames leaves it.
  const beside = join(copy, "set-aside", `remint-${localSlug}`);
  writeFileSync(join(beside, "swap"), "");
  const aside = setAside(copy, localSlug, dirIn(copy), 0);
  assert.ok(!existsSync(dirIn(copy)));
  finishRemints(copy);
  assert.equal(readMeshFile(dirIn(copy)).member_name, "bert");
  assert.deepEqual(filesOf(aside), before);
  assert.ok(!existsSync(beside));
  finishRemints(copy);
  assert.deepEqual(await members(), ["ada owner", "bob member", "bert member"]);
  // Begun again after it was killed before the swap: the member that was made is the one that is used.
  await assert.rejects(again(copy, { name: "carl", stop: killed }), /killed/);
  await again(copy, { name: "carl" });
  assert.deepEqual(await members(), ["ada owner", "bob member", "bert member", "carl member"]);
});

test("what cannot lead to a new member is refused before anything is moved", async (t) => {
  const { folder, broker: started, copy, again } = await place(t);
  const before = filesOf(dirIn(copy));
  const none = { home: copy, mesh: localSlug, link: null, name: null, signal: AbortSignal.timeout(20_000) };
  const way = { brokerDir: null, stop: async () => undefined };
  await assert.rejects(remint(none, way), { code: "usage", hint: /claudemesh remint LINK/ });
  await assert.rejects(remint({ ...none, mesh: "other" }, way), { code: "not_running" });
  await assert.rejects(again(copy, { link: "no link" }), { code: "invite_malformed" });
  await assert.rejects(again(copy, { name: "ada" }), { code: "already_exists" });
  await started.broker.stop();
  await assert.rejects(again(copy), { code: "not_running", message: /nothing is done yet/ });
  renameSync(join(folder, "ada", "broker"), join(folder, "gone"));
  await assert.rejects(again(copy), { code: "not_running" });
  assert.deepEqual(filesOf(dirIn(copy)), before);
});

test("the host is accepted for all meshes that are meant, or for none where the daemon of one runs", async (t) => {
  const { copy } = await place(t);
  cpSync(dirIn(copy), join(copy, "daemon", "work"), { recursive: true });
  const both = [localSlug, "work"];
  const files = () => both.map((slug) => existsSync(join(copy, "daemon", slug, "host_fingerprint.json")));
  const lock = acquireLock(join(copy, "daemon", "work", "daemon.lock"));
  onEnd(t, () => lock.release());
  await assert.rejects(acceptHosts(copy, both), { code: "already_running", hint: /daemon down --mesh work/ });
  assert.deepEqual(files(), [false, false]);
  lock.release();
  const accepted = await acceptHosts(copy, both);
  assert.deepEqual(
    accepted.map(({ mesh, changed }) => [mesh, changed]),
    [
      [localSlug, true],
      ["work", true],
    ],
  );
  assert.deepEqual(files(), [true, true]);
  assert.deepEqual((await acceptHosts(copy, ["work"]))[0]?.changed, false);
  process.env["CLAUDEMESH_CLONE_ID_OVERRIDE"] = "orders-volume-1";
  onEnd(t, () => delete process.env["CLAUDEMESH_CLONE_ID_OVERRIDE"]);
  assert.equal((await acceptHosts(copy, ["work"]))[0]?.source, "override");
});
