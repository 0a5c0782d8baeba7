import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ClaudemeshError } from "../protocol/error.ts";
import { openLiveConfig } from "./live-config.ts";

function fileIn(t: TestContext): { readonly path: string; write(text: string): void } {
  const folder = mkdtempSync(join(tmpdir(), "cm-config-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "config.toml");
  return { path, write: (text) => writeFileSync(path, text) };
}

test("a reload puts in force what may change running, and names what waits for a start until that start", (t) => {
  const file = fileIn(t);
  const live = openLiveConfig(file.path, [], () => {});
  const { config } = live;
  const heard: (readonly string[])[] = [];
  live.onChange((applied) => heard.push(applied));
  file.write('[link]\nping_seconds = 5\n[features]\nrequire = ["key_epoch"]\n');
  const first = live.reload();
  assert.deepEqual([first.applied, first.restart_needed], [["link.ping_seconds"], ["features.require"]]);
  assert.equal(config.link.ping_seconds, 5);
  assert.deepEqual(config.features.require, [], "it was negotiated without it");
  const again = live.reload();
  assert.deepEqual([again.applied, again.restart_needed], [[], ["features.require"]]);
  assert.equal(again.unchanged, first.unchanged + 1);
  file.write("");
  assert.deepEqual(live.reload().applied, ["link.ping_seconds"]);
  assert.equal(config.link.ping_seconds, 30);
  assert.deepEqual(heard, [["link.ping_seconds"], ["link.ping_seconds"]]);
});

test("what stands above the file stays above it", (t) => {
  const file = fileIn(t);
  const override = { key: "link.ping_seconds", text: "7", name: "CLAUDEMESH_LINK_PING_SECONDS" };
  const live = openLiveConfig(file.path, [override], () => {});
  file.write("[link]\nping_seconds = 5\n");
  assert.deepEqual(live.reload().applied, []);
  assert.equal(live.config.link.ping_seconds, 7);
});

test("a file that is wrong, or settings that cannot hold, change nothing", (t) => {
  const file = fileIn(t);
  file.write("[link]\nping_seconds = 5\n");
  const live = openLiveConfig(file.path, [], ({ outbox }) => {
    if (outbox.max_age_hours_override === 9)
      throw new ClaudemeshError("outbox_max_age_above_dedupe_window", "too long");
  });
  for (const [text, code] of [
    ["[link]\nping_seconds = 6\nsilence = 4\n", "invalid_config"],
    ["[link]\nping_seconds = 6\nsilence_seconds = 7\n", "invalid_config"],
    ["[link\n", "invalid_config"],
    ["[link]\nping_seconds = 6\n[outbox]\nmax_age_hours_override = 9\n", "outbox_max_age_above_dedupe_window"],
  ] as const) {
    file.write(text);
    assert.throws(() => live.reload(), { code });
    assert.equal(live.config.link.ping_seconds, 5, text);
    assert.equal(live.config.outbox.max_age_hours_override, null, text);
  }
});
