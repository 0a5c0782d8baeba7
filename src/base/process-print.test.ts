import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { pidOf, processLives, processPrint } from "./process-print.ts";
import { isDefunct, isStopped, processStat, readProcessStat } from "./process-stat.ts";

const isLinux = process.platform === "linux";

test("a print is of one process of this run of the system, and of no other", { skip: !isLinux }, () => {
  const print = processPrint(process.pid) ?? "";
  assert.equal(pidOf(print), process.pid);
  assert.equal(processLives(print), true);
  const start = print.slice(print.indexOf(":") + 1);
  // As another process of that id, or one of before the host was started anew.
  assert.equal(processLives(`${process.pid}:1${start}`), false);
  assert.equal(processLives(`${process.pid}:${start.replace(/\..*$/, ".0")}`), false);
  // Whoever could not tell when it began: it may be that one.
  assert.equal(processLives(`${process.pid}:`), null);
  for (const other of ["", "7", "x:1", ":1", "0x7:1", `${process.pid}:${"1".repeat(61)}`])
    assert.equal(processLives(other), null, other);
  assert.deepEqual([pidOf("7:"), pidOf("0:1"), pidOf("-7:1"), pidOf("")], [7, null, null, null]);
});

test("a process that has ended is gone, also while nobody has asked how", { skip: !isLinux }, async (t) => {
  // `cat` never asks about the child that the shell has left to it.
  const parent = spawn("sh", ["-c", "(read -r line) < /dev/null & echo $!; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => parent.kill("SIGKILL"));
  const [said] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(said.toString());
  while (!isDefunct(processStat(pid) ?? assert.fail("somebody has asked"))) await new Promise(setImmediate);
  assert.equal(processPrint(pid), null);
});

test("the name of a program may hold anything", () => {
  const stat = readProcessStat(`7 (a) T (b) R 3 5 ${"0 ".repeat(16)}99 0`);
  assert.deepEqual(stat, { name: "a) T (b", state: "R", parent: 3, group: 5, start: "99" });
  assert.equal(isStopped({ state: "T" }) && isStopped({ state: "t" }) && !isStopped({ state: "S" }), true);
  assert.equal(readProcessStat(""), null);
});
