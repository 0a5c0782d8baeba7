import assert from "node:assert/strict";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { DoctorAnswer } from "../../src/cli/launcher.ts";
import { host, ok } from "../support/claudemesh.ts";

test("keys that were lost are asked for and never made anew; a lost mesh.json is, with the name that the member has", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  ok(await alice.run(["down"]));
  for (const file of ["broker/deployment_key.json", "daemon/local/keypair.json"]) {
    const path = join(alice.home, file);
    renameSync(path, `${path}.kept`);
    const refused = await alice.run(["up"]);
    assert.match(refused.stderr, /^error: .*\.json is missing.*put the file back from a backup/s, file);
    assert.equal(existsSync(path), false, `${file} was made anew`);
    ok(await alice.run(["down"]));
    renameSync(`${path}.kept`, path);
  }
  const mesh = join(alice.home, "daemon", "local", "mesh.json");
  renameSync(mesh, `${mesh}.kept`);
  assert.match(ok(await alice.run(["up"])), /^daemon started .*@alice$/m);
});

test("the doctor names a record that the next start would refuse", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  ok(await alice.run(["down"]));
  for (const file of ["broker/listen.json", "daemon/local/launch.json"])
    writeFileSync(join(alice.home, file), "no record", { mode: 0o600 });
  const { checks } = JSON.parse((await alice.run(["doctor", "--json"])).stdout) as DoctorAnswer;
  assert.deepEqual(
    checks.filter(({ state }) => state === "problem").map(({ name }) => name),
    ["daemon/local/config", "broker/config"],
  );
});
