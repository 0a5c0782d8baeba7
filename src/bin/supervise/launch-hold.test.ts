import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "../../../test/support/temp-folder.ts";
import { acquireLock, LockedError } from "../../base/lock-file.ts";
import { createLaunchHold } from "./launch-hold.ts";

test("several daemons that start hold the commands of a home off until the last one is up", (t) => {
  const path = join(tempFolder(t), "launch.lock");
  const hold = createLaunchHold(path);
  const first = hold.take();
  const second = hold.take();
  assert.ok(first !== null && second !== null);
  assert.throws(() => acquireLock(path), LockedError);
  first();
  first();
  assert.throws(() => acquireLock(path), LockedError, "the other one is not up yet");
  second();
  acquireLock(path).release();
  const again = hold.take();
  assert.throws(() => acquireLock(path), LockedError);
  again?.();
});

test("while a command is at work nothing is held, and nothing waits", (t) => {
  const path = join(tempFolder(t), "launch.lock");
  const command = acquireLock(path);
  const hold = createLaunchHold(path);
  assert.equal(hold.take(), null);
  command.release();
  hold.take()?.();
  acquireLock(path).release();
});
