import assert from "node:assert/strict";
import { test } from "node:test";
import type { HookContainment } from "../../protocol/hooks-api.ts";
import { hostWith, siteWith } from "./doctor.fixture.ts";
import { check } from "./hooks-containment.ts";

const none: HookContainment = { by: null, missing: ["bubblewrap is not installed"], bounds: [] };
const found = (toml: string | null, containment?: HookContainment) =>
  check.run(
    hostWith({ text: () => toml, ...(containment === undefined ? {} : { containment: async () => containment }) }),
    siteWith(),
  );

test("nothing is tried where no hook is switched on", async () => {
  const never = hostWith({ text: () => "[on-dm]\nenabled = false\n", containment: () => assert.fail() });
  assert.deepEqual(await check.run(never, siteWith()), []);
  assert.deepEqual(await found(null, none), []);
  assert.deepEqual(await found("[on-dm]\nenabeld = true\n", none), []);
});

test("a hook that nothing contains is a problem, and one that runs as the user all the same a warning", async () => {
  const toml = '[on-dm]\nenabled = true\n[on-mention]\nenabled = true\nunenforced = "run"\n';
  const findings = await found(toml, none);
  assert.deepEqual(
    findings.map(({ state }) => state),
    ["problem", "warning"],
  );
  assert.match(findings[0]?.message ?? "", /^on-dm is enabled and is not run: .*bubblewrap is not installed/);
  assert.match(findings[1]?.message ?? "", /^on-mention runs as you/);
  for (const { hint } of findings)
    assert.match(hint ?? "", /^install bubblewrap, then: claudemesh daemon restart; .*: claudemesh install-service/);
});

test("what contains hooks is told, by the daemon itself where it runs", async () => {
  assert.match((await found("[on-dm]\nenabled = true\n"))[0]?.message ?? "", /contained, by bubblewrap$/);
  const unbounded: HookContainment = { by: "unshare", missing: [], bounds: [] };
  assert.match((await found("[on-dm]\nenabled = true\n", unbounded))[0]?.message ?? "", /by unshare; nothing bounds/);
  const host = hostWith({ text: () => "[on-dm]\nenabled = true\n", containment: () => assert.fail() });
  const client = { hooks: { list: async () => ({ off: null, path: "", hooks: [], containment: none }) } };
  assert.equal((await check.run(host, siteWith({ client: client as never })))[0]?.state, "problem");
});
