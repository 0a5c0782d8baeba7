import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { acquireLock, LockedError } from "./lock-file.ts";

describe("a lock", () => {
  let folder = "";
  let path = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "lock-file-"));
    path = join(folder, "daemon.lock");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("is held by one at a time, also within one process", () => {
    const held = acquireLock(path);
    assert.throws(
      () => acquireLock(path),
      (error) => error instanceof LockedError && error.code === "ELOCKED",
    );
    held.release();
    acquireLock(path).release();
  });

  test("may be released twice without taking it from the next holder", () => {
    const first = acquireLock(path);
    first.release();
    const second = acquireLock(path);
    first.release();
    assert.throws(() => acquireLock(path), LockedError);
    second.release();
  });

  test("of a process that is killed is free the moment the process is gone", async () => {
    const holder = spawn(process.execPath, ["--input-type=module", "--eval", holdForever(path)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(holder.stdout, "data");
      assert.throws(() => acquireLock(path), LockedError);
    } finally {
      holder.kill("SIGKILL");
    }
    await once(holder, "close");
    acquireLock(path).release();
  });

  test("whose folder does not exist is a failure of its own, not a lock held by another", () => {
    assert.throws(
      () => acquireLock(join(folder, "absent", "daemon.lock")),
      (error) => !(error instanceof LockedError),
    );
  });
});

function holdForever(path: string): string {
  return `
    import { acquireLock } from ${JSON.stringify(new URL("./lock-file.ts", import.meta.url).href)};
    globalThis.held = acquireLock(${JSON.stringify(path)});
    process.stdout.write("held");
    setInterval(() => {}, 60_000);
  `;
}
