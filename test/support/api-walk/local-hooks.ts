import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { daemonProcess } from "../program-process.ts";
import { lonelyMember } from "./local-disk.ts";
import type { Reached } from "./local-pair.ts";
import type { Walk } from "./walk.ts";

/** Hooks as they are listed, called to see what they do, and what became of it. */
export async function walkHooks(walk: Walk, { unix, dir }: Reached): Promise<void> {
  const hook = { hook: "on-dm" };
  const folder = join(dir, "hooks");
  const missing = await walk.ask(unix, "hookTest", 200, { params: hook });
  assert.equal(missing.json["outcome"], "refused");
  await walk.ask(unix, "hookTest", "not_found", { params: { hook: "on-dn" } });
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, "on-dm"), `#!/bin/sh\nprintf '{"reply": "gladly"}'\n`, { mode: 0o700 });
  const settings = '[on-dm]\nenabled = true\nallow_reply = true\nunenforced = "run"\n';
  writeFileSync(join(dir, "hooks.toml"), settings, { mode: 0o600 });
  await walk.ask(unix, "reload", 200);
  const tested = await walk.ask(unix, "hookTest", 200, { params: hook });
  assert.deepEqual([tested.json["outcome"], tested.json["replies"]], ["ok", true]);
  const listed = await walk.ask(unix, "hooks", 200);
  assert.deepEqual(
    (listed.json["hooks"] as { hook: string }[]).map((one) => one.hook),
    ["on-dm"],
  );
  const failed = await walk.ask(unix, "hookRuns", 200, { query: "hook=on-dm&failed=true&limit=1" });
  assert.equal((failed.json["items"] as { outcome: string }[])[0]?.outcome, "refused");
  writeFileSync(join(dir, "hooks.toml"), "[on-dm]\nenabeld = true\n");
  await walk.ask(unix, "reload", "invalid_config");
  for (const name of ["hooks.toml", "hooks"]) rmSync(join(dir, name), { recursive: true });
  await walk.ask(unix, "reload", 200);
}

/** A daemon whose pre-send hook refuses what has a certain word in it. */
export async function walkPreSend(t: TestContext, walk: Walk): Promise<void> {
  const dir = lonelyMember(t, '[hooks]\nrun = "yes"\n');
  mkdirSync(join(dir, "hooks"), { mode: 0o700 });
  const script = `#!/bin/sh\nif grep -q secret; then echo '{"refuse": "it has a secret in it"}'; fi\n`;
  writeFileSync(join(dir, "hooks", "pre-send"), script, { mode: 0o700 });
  writeFileSync(join(dir, "hooks.toml"), '[pre-send]\nenabled = true\nunenforced = "run"\n', { mode: 0o600 });
  const { unix } = await daemonProcess(t, dir);
  await walk.ask(unix, "send", 202, { body: { to: "@alice", message: "hello" } });
  await walk.ask(unix, "send", "hook_refused", { body: { to: "@alice", message: "a secret" } });
  const patched = { params: { row: "1" }, body: { patch: { message: "a secret" } } };
  await walk.ask(unix, "outboxRequeue", "hook_refused", patched);
}
