import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "../../src/client/connect.ts";
import { exitCodes } from "../../src/cli/exit-codes.ts";
import type { HookRunView } from "../../src/protocol/hooks-api.ts";
import { host, ok } from "../support/claudemesh.ts";

test("a hook is switched on, tried, called by a message that it answers once, listed and switched off, by the command line alone", async (t) => {
  const ann = host(t, "ann");
  ok(await ann.up());
  const dir = join(ann.home, "daemon", "local");
  const client = connect({ dir });
  t.after(() => client.close());
  ok(await ann.run(["config", "set", "hooks.run", "yes"]));
  assert.match((await ann.run(["hooks", "list"])).stderr, /no hooks yet: put a program at .*hooks\/on-dm, then/);

  mkdirSync(join(dir, "hooks"), { mode: 0o700 });
  writeFileSync(join(dir, "hooks", "on-dm"), `#!/bin/sh\nprintf '{"reply": "gladly"}'\n`, { mode: 0o700 });
  symlinkSync("elsewhere.toml", join(dir, "hooks.toml"));
  assert.match((await ann.run(["hooks", "enable", "on-dm"])).stderr, /hooks\.toml is not a file of its own/);
  rmSync(join(dir, "hooks.toml"));
  const toml = '# Mine.\n[on-dm]\nallow_reply = true\nunenforced = "run"\n';
  writeFileSync(join(dir, "hooks.toml"), toml, { mode: 0o600 });
  const misspelt = await ann.run(["hooks", "enable", "on-dn"]);
  assert.equal(misspelt.code, exitCodes.usage);
  assert.match(misspelt.stderr, /did you mean on-dm\?/);
  assert.equal(ok(await ann.run(["hooks", "enable", "on-dm"])), "on-dm is now enabled\n");
  assert.match(
    readFileSync(join(dir, "hooks.toml"), "utf8"),
    /^# Mine\.\n\[on-dm\]\nallow_reply = true\n(.*\n)*enabled = true\n/m,
  );
  assert.equal(ok(await ann.run(["hooks", "enable", "on-dm"])), "on-dm is enabled (it was already)\n");

  const tried = ok(await ann.run(["hooks", "test", "on-dm"]));
  assert.match(
    tried,
    /^on-dm: ok \(exit code 0\) after \d+ ms\nstandard output:\n\{"reply": "gladly"\}\nit would have replied\n$/,
  );
  const missing = await ann.run(["hooks", "test", "on-mention", "--json"]);
  assert.equal(missing.code, exitCodes.error);
  assert.equal((JSON.parse(missing.stdout) as { outcome: string }).outcome, "refused");

  // The member writes to itself, so its hook answers it, and answers its answer, until the hops are over.
  const ended = new AbortController();
  let runs = 0;
  for await (const { event, data } of client.events({
    signal: ended.signal,
    onOpen: () => void client.send({ to: "@ann", message: "are you there?" }),
  }))
    if (event === "hook_executed" && data["outcome"] === "ok" && data["hook"] === "on-dm" && ++runs === 9)
      ended.abort();
  const log = JSON.parse(ok(await ann.run(["hooks", "log", "on-dm", "--json"]))) as { items: HookRunView[] };
  const calls = log.items.filter(({ event }) => event === "message");
  assert.deepEqual(
    calls.map(({ reply }) => reply !== null),
    [false, ...Array.from({ length: 8 }, () => true)],
  );
  assert.match(calls[0]?.reason ?? "", /8 programs have answered one another before/);
  assert.match(ok(await ann.run(["hooks", "log"])), /on-mention +test +\S+ +refused +.*is not there/);

  assert.equal(ok(await ann.run(["hooks", "disable", "on-dm"])), "on-dm is now disabled\n");
  assert.match(ok(await ann.run(["hooks", "list"])), /^on-dm +no +0 +0 +ok /m);
});
