import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { daemonProcess } from "../program-process.ts";
import { lonelyMember } from "./local-disk.ts";
import type { Walk } from "./walk.ts";

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
