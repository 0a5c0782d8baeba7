import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { Log } from "../../../base/log.ts";
import type { Config } from "../../config.ts";
import { acceptHost } from "./accept-host.ts";
import { checkHost } from "./check-host.ts";
import { hostFileName, type HostFile, readHostFile } from "./host-file.ts";
import { hostStanding } from "./host-standing.ts";
import { linuxHost, readersOf, type SimulatedHost, type SimulatedNic } from "./simulated-host.fixture.ts";

const meshId = "0198f0a0-0000-7000-8000-000000000001";
const now = Date.parse("2026-11-26T09:30:00Z");
const wire: SimulatedNic = { name: "enp1s0", mac: "3c:22:fb:01:02:03" };
const secondWire: SimulatedNic = { name: "enp2s0", mac: "3c:22:fb:01:02:04" };
const otherWire: SimulatedNic = { name: "enp1s0", mac: "3c:22:fb:0f:0e:0d" };
const here = linuxHost({ machineId: "3d1219c7c4c5404aaa1f6d2a48adfda4", nics: [wire] });
const there = linuxHost({ machineId: "7f3c0a5c9e1d4b6f8a2e4c6d8e0f1a2b", nics: [otherWire] });
const bare = linuxHost({ machineId: null });

/** A member's folder, and its start on one host after another. */
function folder(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), "cm-host-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, hostFileName);
  const logged: string[] = [];
  const entry = (level: string) => (_fields: unknown, message: string) => void logged.push(`${level}: ${message}`);
  const log: Log = { debug: entry("debug"), info: entry("info"), warn: entry("warn"), error: entry("error") };
  const clone = (more: Partial<Config["clone"]> = {}) => ({ policy: "refuse", id_override: null, ...more }) as const;
  return {
    dir,
    path,
    logged,
    start: (host: SimulatedHost, more: Partial<Config["clone"]> = {}) =>
      checkHost({ dir, clone: clone(more), readers: readersOf(host), now, log }),
    accept: (host: SimulatedHost) => acceptHost({ dir, clone: clone(), readers: readersOf(host), now }),
    standing: (host: SimulatedHost) => hostStanding(dir, clone(), readersOf(host)),
    text: () => readFileSync(path, "utf8"),
    file(): HostFile {
      const file = readHostFile(dir);
      assert.ok(file?.version === 2);
      return file;
    },
    write: (value: unknown) => writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value)),
    change(fields: Record<string, unknown>) {
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...fields }));
    },
  };
}

const refused = { code: "host_fingerprint_mismatch", hint: /claudemesh accept-host.*claudemesh remint/ };

describe("the host of a member", () => {
  it("is noted at the first start, in a file of this user's that names no id and no address", async (t) => {
    const home = folder(t);
    const first = await home.start(here);
    assert.equal(first.suspected, null);
    const { schema_version, version, source, namespace, hash } = JSON.parse(home.text());
    assert.deepEqual([schema_version, version, source, namespace], [2, 2, "machine-id", "linux"]);
    assert.match(hash, /^[0-9a-f]{64}$/);
    assert.equal(statSync(home.path).mode & 0o777, 0o600);
    for (const secret of ["3d1219c7c4c5404aaa1f6d2a48adfda4", "3c:22:fb", "3c22fb"])
      assert.ok(!home.text().includes(secret));
    assert.deepEqual(home.logged, ["info: this member belongs to this host from now on"]);
  });

  it("is the same over restarts, which write nothing and say nothing", async (t) => {
    const home = folder(t);
    const { print } = await home.start(here);
    const [text] = [home.text(), home.logged.splice(0)];
    const again = await home.start(here);
    assert.equal(home.text(), text);
    assert.deepEqual(home.logged, []);
    assert.equal(again.print(meshId), print(meshId));
    assert.notEqual(again.print(meshId), again.print("0198f0a0-0000-7000-8000-000000000002"));
    assert.match(again.print(meshId) ?? "", /^[0-9a-f]{64}$/);
  });

  it("refuses another one, by default and without a change to the file", async (t) => {
    const home = folder(t);
    await home.start(here);
    const text = home.text();
    await assert.rejects(home.start(there), refused);
    assert.equal(home.text(), text);
    assert.equal((await home.start(here)).suspected, null);
  });

  it("refuses a copy on another system, whatever can be read there", async (t) => {
    const home = folder(t);
    await home.start(here);
    await assert.rejects(home.start({ platform: "darwin" }), refused);
  });

  it("with the policy warn goes on, says so at every start, and tells the broker of another host", async (t) => {
    const home = folder(t);
    const before = await home.start(here);
    const text = home.text();
    for (const _start of [1, 2]) {
      home.logged.length = 0;
      const after = await home.start(there, { policy: "warn" });
      assert.equal(after.suspected, "host_id");
      assert.notEqual(after.print(meshId), before.print(meshId));
      assert.match(home.logged.join(), /^warn: this home belongs to another host/);
    }
    assert.equal(home.text(), text);
  });

  it("with the policy allow goes on, and tells the broker of no change", async (t) => {
    const home = folder(t);
    const before = await home.start(here);
    const after = await home.start(there, { policy: "allow" });
    assert.deepEqual([after.suspected, after.print(meshId)], [null, before.print(meshId)]);
  });

  it("is another one once it is accepted, with a new salt, and the old one is refused then", async (t) => {
    const home = folder(t);
    const before = await home.start(here);
    const { salt } = home.file();
    assert.deepEqual(await home.accept(there), { source: "machine-id", changed: true, detectionOff: false });
    assert.notDeepEqual(home.file().salt, salt);
    assert.notEqual((await home.start(there)).print(meshId), before.print(meshId));
    await assert.rejects(home.start(here), refused);
    assert.equal((await home.accept(there)).changed, false);
  });
});

describe("a file that is not what this program writes", () => {
  it("of a newer program is refused and not touched, also by accept-host", async (t) => {
    for (const fields of [{ schema_version: 3 }, { version: 3 }, { schema_version: 9, version: 9, hash: "x" }]) {
      const home = folder(t);
      await home.start(here);
      home.change(fields);
      const text = home.text();
      await assert.rejects(home.start(here), { code: "schema_newer" });
      await assert.rejects(home.accept(here), { code: "schema_newer" });
      await assert.rejects(home.standing(here), { code: "schema_newer" });
      assert.equal(home.text(), text);
    }
  });

  it("damaged in any way is refused, whatever the policy, until a person accepts the host", async (t) => {
    const damages: (Record<string, unknown> | string)[] = [
      "",
      "{",
      "[]",
      "null",
      "\u0000\u0000\u0000",
      { version: undefined },
      { version: "2" },
      { version: 1 },
      { schema_version: 0, version: 0 },
      { hash: undefined },
      { hash: "AB".repeat(32) },
      { source: 7 },
      { namespace: "" },
      { salt: "AAAA" },
      { wired_macs: "x" },
      { wired_macs: ["x"] },
      { wired_macs: Array.from({ length: 17 }, () => "ab".repeat(32)) },
      { persisted_id: "some-id" },
      { source: "random" },
      { source: "random", persisted_id: "some-id" },
      { created_at: "yesterday" },
    ];
    for (const damage of damages) {
      const home = folder(t);
      await home.start(here);
      if (typeof damage === "string") home.write(damage);
      else home.change(damage);
      const text = home.text();
      for (const policy of ["refuse", "warn", "allow"] as const)
        await assert.rejects(
          home.start(here, { policy }),
          { code: "invalid_config", hint: /claudemesh accept-host/ },
          JSON.stringify(damage),
        );
      assert.equal(home.text(), text);
      assert.equal((await home.accept(here)).changed, true);
      assert.equal((await home.start(here)).suspected, null);
    }
  });

  it("that cannot be read is not taken for one that is missing", async (t) => {
    const home = folder(t);
    await home.start(here);
    if (process.getuid?.() === 0) {
      // Root reads everything: a folder in its place cannot be read by anybody.
      rmSync(home.path);
      const { mkdirSync } = await import("node:fs");
      mkdirSync(home.path);
    } else chmodSync(home.path, 0);
    await assert.rejects(home.start(here), { code: /EISDIR|EACCES/ });
  });
});

describe("version 1 of the fingerprint", () => {
  const id = "3d1219c7c4c5404aaa1f6d2a48adfda4";
  const v1 = (mac: string) => ({
    schema_version: 1,
    version: 1,
    hash: createHash("sha256").update(`${id}${mac}`).digest("hex"),
  });

  it("is rewritten without a word to whoever runs it where the host is the same by the old rule", async (t) => {
    for (const mac of ["3c:22:fb:01:02:03", "3c:22:fb:01:02:04", ""]) {
      const home = folder(t);
      home.write(v1(mac));
      const checked = await home.start(linuxHost({ machineId: id, nics: [secondWire, wire] }));
      assert.equal(checked.suspected, null);
      assert.equal(home.file().source, "machine-id");
      assert.ok(home.logged.every((line) => line.startsWith("info: ")));
      assert.equal((await home.start(here)).suspected, null);
    }
  });

  it("of another host is refused, and stays as it is", async (t) => {
    const home = folder(t);
    home.write(v1("3c:22:fb:01:02:03"));
    const text = home.text();
    await assert.rejects(home.start(there), refused);
    assert.equal((await home.start(there, { policy: "warn" })).suspected, "host_id");
    assert.equal((await home.start(there, { policy: "allow" })).suspected, null);
    assert.equal(home.text(), text);
  });

  it("is kept where nothing can be compared now", async (t) => {
    const home = folder(t);
    home.write(v1("3c:22:fb:01:02:03"));
    const text = home.text();
    assert.equal((await home.start(bare)).print(meshId), null);
    assert.equal(home.text(), text);
    assert.match(home.logged.join(), /^warn: .*cannot be read now/);
  });
});

describe("what a host is known by", () => {
  it("that cannot be read for now is no other host: it is said, and the file stays", async (t) => {
    const home = folder(t);
    const before = await home.start(here);
    const text = home.text();
    const wireOnly = linuxHost({ machineId: null, nics: [wire] });
    const after = await home.start(wireOnly);
    assert.deepEqual([after.suspected, after.print(meshId)], [null, before.print(meshId)]);
    assert.equal(home.text(), text);
    assert.match(home.logged.at(-1) ?? "", /^warn: .*cannot be read now/);
    assert.equal((await home.standing(wireOnly)).state, "unreadable");
  });

  it("is found in another source that holds the same id", async (t) => {
    const home = folder(t);
    await home.start(here);
    const dbus = linuxHost({
      machineId: null,
      files: { "/var/lib/dbus/machine-id": "3d1219c7c4c5404aaa1f6d2a48adfda4\n" },
    });
    assert.equal((await home.standing(dbus)).state, "same");
  });

  it("is a wire's address where there is no id, which alone refuses nothing", async (t) => {
    const home = folder(t);
    await home.start(linuxHost({ machineId: null, nics: [wire] }));
    assert.equal(home.file().source, "mac");
    const checked = await home.start(linuxHost({ machineId: null, nics: [otherWire] }));
    assert.equal(checked.suspected, "wired_address");
  });

  it("is made up where there is nothing at all, which is said: a copy would not be noticed", async (t) => {
    const home = folder(t);
    await home.start(bare);
    assert.equal(home.file().source, "random");
    assert.match(home.logged.join(), /^warn: nothing tells this host from others/);
    assert.equal((await home.start(bare)).suspected, null);
    assert.equal((await home.standing(bare)).detectionOff, true);
  });

  it("becomes the better one as soon as that can be read, on a host that is known by the other", async (t) => {
    for (const first of [bare, linuxHost({ machineId: null, nics: [wire] })]) {
      const home = folder(t);
      await home.start(first);
      await home.start(here);
      assert.equal(home.file().source, "machine-id");
      await assert.rejects(home.start(there), refused);
    }
  });

  it("is what was set, once it is set on the host that is known", async (t) => {
    const home = folder(t);
    await home.start(here);
    await assert.rejects(home.start(there, { id_override: "rack-7" }), refused);
    await home.start(here, { id_override: "rack-7" });
    assert.equal(home.file().source, "override");
    // The volume is given to another container, which is told the same name.
    assert.equal((await home.start(there, { id_override: "rack-7" })).suspected, null);
    await assert.rejects(home.start(here, { id_override: "rack-8" }), refused);
    assert.equal((await home.start(here)).suspected, null, "taken out again: it cannot be compared");
    assert.equal(home.file().source, "override");
  });
});

describe("wires", () => {
  it("of which none is the one that it was, with the same id, are a copy of a virtual machine: it is said, and refuses nothing", async (t) => {
    const home = folder(t);
    const before = await home.start(here);
    const text = home.text();
    const copy = linuxHost({ machineId: "3d1219c7c4c5404aaa1f6d2a48adfda4", nics: [otherWire] });
    const after = await home.start(copy);
    assert.deepEqual([after.suspected, after.print(meshId)], ["wired_address", before.print(meshId)]);
    assert.equal(home.text(), text, "it is not learned: the next start says it again");
    assert.equal((await home.standing(copy)).state, "suspected");
    await home.accept(copy);
    assert.equal((await home.start(copy)).suspected, null);
  });

  it("that are met beside a known one belong to the host from then on", async (t) => {
    const home = folder(t);
    const id = "3d1219c7c4c5404aaa1f6d2a48adfda4";
    await home.start(here);
    await home.start(linuxHost({ machineId: id, nics: [wire, secondWire] }));
    assert.equal(home.file().wiredMacs.length, 2);
    assert.equal((await home.start(linuxHost({ machineId: id, nics: [secondWire] }))).suspected, null);
    assert.equal((await home.start(linuxHost({ machineId: id }))).suspected, null, "none is there at all");
  });

  it("are kept up to a bound, and the first of a host that had none raises nothing", async (t) => {
    const home = folder(t);
    const id = "3d1219c7c4c5404aaa1f6d2a48adfda4";
    await home.start(linuxHost({ machineId: id }));
    const nics = Array.from({ length: 40 }, (_, n) => ({ name: `enp${n}s0`, mac: `3c:22:fb:00:00:${String(n + 10)}` }));
    assert.equal((await home.start(linuxHost({ machineId: id, nics }))).suspected, null);
    assert.equal(home.file().wiredMacs.length, 16);
    const text = home.text();
    await home.start(linuxHost({ machineId: id, nics }));
    assert.equal(home.text(), text);
  });
});
