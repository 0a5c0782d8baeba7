import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { MeshCreated, MeshHere } from "../../src/cli/launcher.ts";
import type { SealPlan } from "../../src/protocol/membership-api.ts";
import { oldHome } from "../support/before-encryption/homes.ts";
import { host, ok, type TestHost } from "../support/claudemesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

async function meshesOf(host: TestHost): Promise<readonly string[]> {
  const { meshes } = JSON.parse(ok(await host.run(["mesh", "list", "--json"]))) as { meshes: MeshHere[] };
  return meshes.map(({ mesh, address, role, members, sealed, daemon }) =>
    [mesh, address, role, members, sealed ? "sealed" : "not sealed", daemon].join(" "),
  );
}

test("a home makes further meshes at its own broker and at another home's, owns them, and follows their broker wherever it listens", async (t) => {
  const folder = tempFolder(t);
  const [alice, bob] = [host(t, "alice", folder), host(t, "bob", folder)];
  ok(await alice.up());
  assert.equal(ok(await alice.run(["mesh", "create", "Work", "--name", "ada"])), "mesh work made; its owner is @ada\n");
  const again = JSON.parse(ok(await alice.run(["mesh", "create", "work", "--json"]))) as MeshCreated;
  assert.deepEqual([again.created, again.address, again.daemon.started], [false, "@ada", false]);
  assert.deepEqual(await meshesOf(alice), ["local @alice owner 1 sealed running", "work @ada owner 1 sealed running"]);

  const broker = join(alice.home, "broker");
  ok(await bob.run(["mesh", "create", "bobs", "--name", "bob", "--broker", broker]));
  assert.deepEqual(await meshesOf(bob), ["bobs @bob owner 1 sealed running"]);
  const taken = await bob.run(["mesh", "create", "work", "--name", "bob", "--broker", broker]);
  assert.deepEqual([taken.code, taken.stdout], [4, ""]);
  assert.match(taken.stderr, /has a mesh called work already.*\(already_exists\)\nhint: .*claudemesh invite/);
  assert.match((await alice.run(["mesh", "create", "local"])).stderr, /invalid_field/);

  ok(await alice.run(["broker", "up", "--listen", "127.0.0.1:0"]));
  ok(await alice.run(["send", "@ada", "to myself", "--mesh", "work", "--wait", "delivered"]));
  ok(await bob.run(["down"]));
  ok(await bob.run(["up"]));
  ok(await bob.run(["send", "@bob", "to myself", "--wait", "delivered"]));
  const { link } = JSON.parse(ok(await alice.run(["invite", "--mesh", "work", "--json"]))) as { link: string };
  assert.match(ok(await bob.run(["join", link, "--name", "bob"])), /^joined as @bob {2}mesh work, /);
  ok(await bob.run(["send", "@ada", "hello", "--mesh", "work", "--wait", "delivered"]));
});

test("where no broker runs, or two meshes would have one name here, nothing is made", async (t) => {
  const folder = tempFolder(t);
  const [alice, bob] = [host(t, "alice", folder), host(t, "bob", folder)];
  ok(await alice.up());
  // A home without a broker gets one.
  ok(await bob.run(["mesh", "create", "work", "--name", "bob"]));
  const broker = join(alice.home, "broker");
  assert.match(
    (await bob.run(["mesh", "create", "work", "--broker", broker])).stderr,
    /this home has a mesh called work already, at another broker \(already_exists\)/,
  );
  ok(await alice.run(["down"]));
  const refused = await bob.run(["mesh", "create", "more", "--broker", broker]);
  assert.deepEqual([refused.code, refused.stdout], [3, ""]);
  assert.deepEqual(await meshesOf(bob), ["work @bob owner 1 sealed running"]);
});

test("a home from before encryption says so, shows what sealing does, and does it when told to", async (t) => {
  const folder = tempFolder(t);
  renameSync(oldHome(folder, "alice"), join(folder, "alice"));
  const alice = host(t, "alice", folder);
  ok(await alice.run(["up"]));
  assert.deepEqual(await meshesOf(alice), ["local @alice   not sealed running"]);
  assert.match((await alice.run(["mesh", "list"])).stderr, /neither sends nor shows: claudemesh mesh seal/);
  const looked = await alice.run(["mesh", "seal"]);
  assert.match(
    ok(looked),
    /^this home begins the mesh's membership, as its owner, with:\n {2}MEMBER {2}ROLE {3}ID\n {2}@alice {2}owner {2}[0-9a-f]{64}\n/,
  );
  assert.match(looked.stdout, /left out, since they have not announced keys .*:\n {2}@bob .*\n {2}@carol /);
  assert.match(looked.stderr, /nothing is done yet; to do it: claudemesh mesh seal --yes/);
  const plan = JSON.parse(ok(await alice.run(["mesh", "seal", "--json"]))) as SealPlan;
  assert.equal(plan.action, "found", "it was only looked at");
  const done = await alice.run(["mesh", "seal", "--yes"]);
  assert.match(ok(done), /\nsealed {2}1 member, head [0-9a-f]{12}\n$/);
  assert.match(done.stderr, /claudemesh verify @NAME/);
  assert.match(ok(await alice.run(["mesh", "seal", "--yes"])), /^the mesh is sealed, and there is nothing to do:\n/);
  assert.deepEqual(await meshesOf(alice), ["local @alice owner 1 sealed running"]);
  ok(await alice.run(["send", "@alice", "to myself", "--wait", "delivered"]));
});
