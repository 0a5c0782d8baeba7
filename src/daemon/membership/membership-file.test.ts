import assert from "node:assert/strict";
import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type Log, silentLog } from "../../base/log.ts";
import { entryText, type MembershipEntry } from "../../protocol/membership/entry.ts";
import { chainBroker, chainMesh, chainPerson, foundChain } from "./chain.fixture.ts";
import { type ChainDisk, systemDisk } from "./chain-disk.ts";
import { membershipPath, openMembershipFile, writeChain } from "./membership-file.ts";

const ada = chainPerson("ada");
const chain = chainBroker([foundChain(ada)]);
for (const name of ["bob", "carl", "dora"])
  chain.append(ada, { kind: "admit", member: chainPerson(name).member, role: "member" });
const [first, second, third, fourth] = chain.entries as [
  MembershipEntry,
  MembershipEntry,
  MembershipEntry,
  MembershipEntry,
];

describe("the file of a pinned chain", () => {
  let dir: string;
  let path: string;
  let warnings: string[];
  const log: Log = { ...silentLog, warn: (_fields, message) => void warnings.push(message) };
  const open = (disk?: ChainDisk) => openMembershipFile(dir, chainMesh, log, disk) ?? assert.fail("no chain");
  const lineOf = (entry: MembershipEntry): string => `${entryText(entry)}\n`;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "cm-chain-"));
    path = membershipPath(dir);
    warnings = [];
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("holds one canonical entry a line, for this user alone, and is none where there is none", () => {
    assert.equal(openMembershipFile(dir, chainMesh, log), null);
    writeChain(dir, [first, second]);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const file = open();
    file.append([third, fourth]);
    assert.equal(readFileSync(path, "utf8"), [first, second, third, fourth].map(lineOf).join(""));
    assert.deepEqual(file.entries(0, 2), [second, third]);
    assert.deepEqual(file.entries(-1, 99), [first, second, third, fourth]);
    assert.deepEqual(file.entries(3, 9), []);
    assert.equal(open().state.head, chain.state()?.head);
    chmodSync(path, 0o644);
    assert.throws(() => open(), { code: "invalid_config", hint: /chmod 600/ });
  });

  it("killed at any byte of an append, it opens with whole entries, and takes the rest again", () => {
    const whole = `${lineOf(first)}${lineOf(second)}`;
    const added = `${lineOf(third)}${lineOf(fourth)}`;
    const cuts = [0, 1, 20, lineOf(third).length - 1, lineOf(third).length, lineOf(third).length + 1, added.length - 1];
    for (const cut of cuts) {
      writeFileSync(path, whole + added.slice(0, cut), { mode: 0o600 });
      warnings = [];
      const file = open();
      const held = cut < lineOf(third).length ? 1 : 2;
      assert.equal(file.state.n, held, `cut at ${cut}`);
      assert.equal(warnings.length, cut === 0 || cut === lineOf(third).length ? 0 : 1);
      file.append([third, fourth].slice(held - 1));
      assert.equal(readFileSync(path, "utf8"), whole + added);
      assert.equal(open().state.n, 3);
    }
    writeFileSync(path, `${whole}\u0000\u0000\n`);
    assert.equal(open().state.n, 1, "blocks that a power failure left empty are a torn line too");
  });

  it("whatever step of the disk fails, an append that threw counts for nothing and can be made again", () => {
    for (const step of ["truncate", "write", "sync", "half"] as const) {
      writeChain(dir, [first, second]);
      let broken = true;
      const fail = (name: string): void => {
        if (broken && step === name) throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
      };
      const file = open({
        truncate(descriptor, length) {
          fail("truncate");
          systemDisk.truncate(descriptor, length);
        },
        write(descriptor, bytes, at) {
          fail("write");
          const some = broken && step === "half" ? bytes.subarray(0, 40) : bytes;
          const written = systemDisk.write(descriptor, some, at);
          fail("half");
          return written;
        },
        sync(descriptor) {
          fail("sync");
          systemDisk.sync(descriptor);
        },
      });
      assert.throws(() => file.append([third, fourth]), { code: "ENOSPC" });
      assert.deepEqual(file.entries(0, 9), [second], step);
      // As after a kill: what is found is a chain that holds.
      assert.ok(open().state.n >= 1);
      broken = false;
      file.append([third]);
      file.append([fourth]);
      assert.equal(readFileSync(path, "utf8"), chain.entries.map(lineOf).join(""));
    }
  });

  it("is refused when damaged in the middle, changed, cut at the beginning, or of another mesh, and says what to do", () => {
    const lines = [first, second, third].map(lineOf);
    const broken: readonly [string, RegExp][] = [
      ["", /line 1: it is empty/],
      [lines[0]?.slice(0, 30) ?? "", /line 1: it is not an entry/],
      [[lines[0], "{\n", lines[2]].join(""), /line 2: it is not an entry/],
      [[lines[0], lines[2]].join(""), /line 2: .*does not follow the head/],
      [[lines[0], lines[1]?.replace('"bob"', '"bab"'), lines[2]].join(""), /line 2: .*signature does not hold/],
      [lines.slice(1).join(""), /line 1: .*does not begin a chain/],
    ];
    for (const [text, says] of broken) {
      writeFileSync(path, text, { mode: 0o600 });
      const line = /line (\d)/.exec(says.source)?.[1] ?? "";
      const helps =
        line === "1" ? `mv ${path} ${path}.damaged, then .*: claudemesh join LINK$` : `sed .*'${line},\\$d' ${path}`;
      assert.throws(() => open(), { code: "store_corrupt", message: says, hint: new RegExp(helps) });
    }
    writeChain(dir, [first]);
    assert.throws(() => openMembershipFile(dir, chainMesh.replace(/1$/, "2"), log), {
      code: "store_corrupt",
      message: /another mesh/,
    });
    appendFileSync(path, `${JSON.stringify({ ...second, kind: "merge" })}\n`);
    assert.throws(() => open(), { code: "membership_newer" });
  });
});
