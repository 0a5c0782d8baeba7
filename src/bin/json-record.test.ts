import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readRecord } from "./json-record.ts";

test("a record that is missing has no fields; one that cannot be understood or read is refused, with what helps", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cm-record-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "launch.json");
  const hint = "claudemesh up";
  assert.deepEqual(readRecord(path, hint), {});
  writeFileSync(path, '{ "http": true }\n');
  assert.deepEqual(readRecord(path, hint), { http: true });
  for (const [text, message] of [
    ['{ "http": tr', /launch\.json is not JSON$/],
    ["null", /launch\.json is no JSON object$/],
    ["7", /launch\.json is no JSON object$/],
  ] as const) {
    writeFileSync(path, text);
    assert.throws(() => readRecord(path, hint), { code: "invalid_config", message, hint });
  }
  const taken = join(folder, "folder");
  mkdirSync(taken);
  assert.throws(() => readRecord(taken, hint), { code: "invalid_config", message: /folder cannot be read: .*EISDIR/ });
});
