import assert from "node:assert/strict";
import { test } from "node:test";
import { processPrint } from "../../base/process-print.ts";
import { callingProcess } from "./calling-process.ts";

test("the coding agent is the nearest process above a hook that is no shell", () => {
  const above: Readonly<Record<number, { readonly name: string; readonly parent: number }>> = {
    31: { name: "sh", parent: 30 },
    30: { name: "bash", parent: process.pid },
    [process.pid]: { name: "codex", parent: 1 },
    1: { name: "init", parent: 0 },
    40: { name: "zsh", parent: 1 },
  };
  const statOf = (pid: number) => above[pid] ?? null;
  assert.equal(callingProcess(31, statOf), processPrint(process.pid));
  assert.equal(callingProcess(process.pid, statOf), processPrint(process.pid));
  // Of a shell that nobody waits for, and of a process that is gone, there is nothing to be said.
  assert.equal(callingProcess(40, statOf), null);
  assert.equal(callingProcess(99, statOf), null);
});

test("it is found among the processes of this machine", { skip: process.platform !== "linux" }, () => {
  assert.equal(callingProcess(process.pid), processPrint(process.pid));
});
