import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { socketPathBytesMax, socketPathFor } from "./socket-path.ts";

test("a socket stands in its own folder, or in a short private one when its path would be too long", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "cm-api-"));
  const runtime = mkdtempSync(join(tmpdir(), "cm-run-"));
  t.after(() => {
    for (const folder of [dir, runtime]) rmSync(folder, { recursive: true });
  });
  assert.equal(socketPathFor(dir, "sock", {}), join(dir, "sock"));
  const long = join(dir, "d".repeat(socketPathBytesMax));
  const env = { XDG_RUNTIME_DIR: runtime };
  const moved = socketPathFor(long, "sock", env);
  assert.ok(moved.startsWith(runtime) && Buffer.byteLength(moved) <= socketPathBytesMax);
  assert.equal(statSync(dirname(moved)).mode & 0o777, 0o700);
  assert.equal(socketPathFor(long, "sock", env), moved);
  assert.notEqual(socketPathFor(`${long}e`, "sock", env), moved);
  const tooLong = { XDG_RUNTIME_DIR: join(runtime, "r".repeat(socketPathBytesMax)) };
  assert.ok(
    socketPathFor(long, "sock", tooLong).startsWith(tmpdir()),
    "a runtime folder that helps nothing is passed by",
  );
});
