import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
