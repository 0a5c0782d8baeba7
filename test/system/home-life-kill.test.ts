import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { homeLife } from "../../src/bin/home-life/home-life.ts";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { readIdentity } from "../../src/daemon/identity/member.ts";
import { broker } from "../support/broker.ts";
import { run } from "../support/run.ts";
import { tempFolder } from "../support/temp-folder.ts";

const program = fileURLToPath(new URL("../support/replacing-process.ts", import.meta.url));
/** More than either has. */
const stepsMax = 20;

test("killed at any of its steps, a restore leaves what was there or what comes, and a reset all of a folder or none; both go on from there", async (t) => {
  const folder = tempFolder(t);
  const started = await broker(t, { dataDir: join(folder, "broker") });
  const home = join(folder, "home");
  const dir = join(home, "daemon", "work");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await joinBroker({ dir, dataDir: started.dataDir, slug: "work", name: "alice", role: "member" });
  const { memberId } = readIdentity(dir);
  const file = join(folder, "backup");
  const what = { kind: "mesh", mesh: null } as const;
  await homeLife.backup({ home, what, out: file, keysOnly: true, force: false, passphrase: "geheim" });

  for (const command of ["restore", "reset"]) {
    let step = 1;
    for (let killed = true; killed; step += 1) {
      assert.ok(step < stepsMax);
      const copy = join(folder, `${command}-${step}`);
      cpSync(home, copy, { recursive: true });
      const ran = await run(process.execPath, [program, command, copy, file, String(step)]);
      killed = ran.code === null;
      if (!killed) assert.equal(ran.code, 0, ran.stderr);
      const place = join(copy, "daemon", "work");
      const set = join(copy, "set-aside");
      const aside = existsSync(set) ? readdirSync(set).map((name) => join(set, name)) : [];
      const whole = [place, ...aside].filter((path) => existsSync(path));
      for (const path of whole)
        assert.equal(readIdentity(path).memberId, memberId, `${command} killed before step ${step}`);
      if (command === "restore") {
        assert.ok(whole.length > 0);
        await homeLife.restore({ home: copy, from: file, replace: true, passphrase: "geheim" });
        assert.equal(readIdentity(place).memberId, memberId);
        assert.equal(existsSync(join(copy, "restore.tmp")), false);
      } else {
        if (existsSync(place)) await homeLife.reset({ home: copy, mesh: null, all: false });
        assert.equal(existsSync(place), false);
      }
    }
    // The last one ended by itself.
    assert.ok(step > 3, `${command} has steps to be killed before`);
  }
});
