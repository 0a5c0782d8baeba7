import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cloneSettings } from "./start-settings.ts";

test("what a host is known by is read as the next start reads it: what was recorded with --set stands above config.toml", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "cm-start-"));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, "config.toml"), '[clone]\nid_override = "of-the-file"\n');
  assert.equal(cloneSettings(dir).id_override, "of-the-file");
  writeFileSync(join(dir, "launch.json"), JSON.stringify({ set: { "clone.id_override": "as-recorded" } }));
  assert.equal(cloneSettings(dir).id_override, "as-recorded");
});
