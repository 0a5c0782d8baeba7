import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { acceptHosts } from "../../src/bin/accept-hosts.ts";
import { backupMeshes } from "../../src/bin/home-life/backup-meshes.ts";
import { launcher } from "../../src/bin/launcher.ts";
import { remint } from "../../src/bin/remint.ts";
import { writeMeshFile } from "../../src/daemon/identity/mesh-file.ts";
import { tempFolder } from "../support/temp-folder.ts";

test("what works on a member's files is refused for an ephemeral one, and does not ask for the end of its daemon first", async (t) => {
  const home = tempFolder(t);
  const dir = join(home, "daemon", "team");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeMeshFile(dir, {
    mesh_id: "a".repeat(64),
    slug: "team",
    member_name: "ci-1",
    broker_url: "ws://127.0.0.1:1/v1/link",
    broker_key: "b".repeat(64),
    certificate_print: null,
    ephemeral: true,
  });
  const signal = new AbortController().signal;
  const works: Record<string, () => Promise<unknown>> = {
    "accept-host": () => acceptHosts(home, ["team"]),
    remint: () =>
      remint(
        { home, mesh: "team", link: null, name: "ci-2", signal },
        { brokerDir: null, stop: async () => undefined },
      ),
    recover: () => launcher.recover(home, null),
    backup: () =>
      backupMeshes({
        home,
        what: { kind: "mesh", mesh: null },
        out: join(home, "b"),
        keysOnly: false,
        force: false,
        passphrase: "four words at random",
      }),
  };
  for (const [name, work] of Object.entries(works))
    await assert.rejects(
      work,
      (error: { code: string; hint: string }) => error.code === "not_allowed" && !error.hint.includes("down"),
      name,
    );
  assert.ok(existsSync(join(dir, "mesh.json")) && !existsSync(join(home, "set-aside")));
});
