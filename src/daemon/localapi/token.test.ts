import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { limits } from "../../protocol/limits.ts";
import { openLocalToken } from "./token.ts";

function folder(t: TestContext): { readonly dir: string; token(): string } {
  const dir = mkdtempSync(join(tmpdir(), "cm-token-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return { dir, token: () => readFileSync(join(dir, "local_token"), "utf8").trim() };
}

test("after a change the one before holds for a minute by the clock, and the new one from its writing on", (t) => {
  const { dir, token } = folder(t);
  const local = openLocalToken(dir);
  const before = token();
  assert.equal(local.which(before, 1_000), "present");
  assert.equal(local.rotate(1_000), 1_000 + limits.localTokenGraceMs);
  const after = token();
  assert.notEqual(after, before);
  assert.equal(statSync(join(dir, "local_token")).mode & 0o777, 0o600);
  assert.equal(local.which(after, 1_000), "present");
  assert.equal(local.which(before, 60_999), "previous");
  assert.equal(local.which(before, 61_000), null);
  assert.equal(local.which(before, 999), null, "a clock that was set back makes it no longer");
  assert.equal(local.which("x".repeat(43), 1_000), null);
  assert.equal(openLocalToken(dir).which(before, 1_001), null, "a new start knows the file alone");
});

test("of two changes within a minute only the last one's before still holds", (t) => {
  const { dir, token } = folder(t);
  const local = openLocalToken(dir);
  const first = token();
  local.rotate(0);
  const second = token();
  local.rotate(30_000);
  assert.equal(local.which(first, 30_001), null);
  assert.equal(local.which(second, 89_999), "previous");
  assert.equal(local.which(token(), 89_999), "present");
});

test("a token that cannot be written leaves the one that is", (t) => {
  const { dir, token } = folder(t);
  const local = openLocalToken(dir);
  const before = token();
  rmSync(dir, { recursive: true });
  writeFileSync(dir, "no folder");
  assert.throws(() => local.rotate(0), { code: "store_unavailable" });
  assert.equal(local.which(before, 0), "present");
});
