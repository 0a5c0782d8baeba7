import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { processPrint } from "../../src/base/process-print.ts";
import { inheritedEnvironment } from "../support/inherited-environment.ts";
import { knowsAgent } from "../support/knows-agent.ts";
import { mesh } from "../support/mesh.ts";
import { onEnd } from "../support/on-end.ts";
import { tempFolder } from "../support/temp-folder.ts";

const program = fileURLToPath(new URL("../../src/bin/claudemesh.ts", import.meta.url));

/** The official client of `claudemesh mcp` as a process of its own, beside the daemon in `dir`. */
async function started(
  t: TestContext,
  dir: string | null,
  words: readonly string[] = [],
  mode: "legacy" | "auto" = "legacy",
): Promise<{ readonly client: Client; readonly transport: StdioClientTransport }> {
  const home = join(tempFolder(t), "home");
  mkdirSync(join(home, "daemon"), { recursive: true, mode: 0o700 });
  if (dir !== null) symlinkSync(dir, join(home, "daemon", "local"));
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [program, "mcp", ...words],
    env: Object.fromEntries(
      Object.entries({ ...inheritedEnvironment(), CLAUDEMESH_HOME: home }).filter(
        (pair): pair is [string, string] => pair[1] !== undefined && pair[0] !== "CLAUDEMESH_MESH",
      ),
    ),
    stderr: "ignore",
    cwd: dirname(home),
  });
  const client = new Client({ name: "test", version: "0" }, { versionNegotiation: { mode } });
  await client.connect(transport);
  onEnd(t, () => client.close());
  return { client, transport };
}

async function textOf(client: Client, name: string, given: Record<string, unknown>): Promise<string> {
  const { content, isError = false } = await client.callTool({ name, arguments: given });
  const [first] = content;
  assert.equal(first?.type, "text");
  assert.equal(isError, false, first.text);
  return first.text;
}

test("two coding agents with the official client ask and answer each other, by the protocol of 2025 and of 2026", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const [alice, bob] = await Promise.all([
    started(t, daemons.alice.dir, ["--agent", "api"]),
    started(t, daemons.bob.dir, ["--agent", "web"], "auto"),
  ]);
  assert.deepEqual(
    [alice.client.getNegotiatedProtocolVersion(), bob.client.getNegotiatedProtocolVersion()],
    ["2025-11-25", "2026-07-28"],
  );
  for (const { client } of [alice, bob]) await client.callTool({ name: "peers", arguments: {} });
  await Promise.all([knowsAgent(daemons.alice.client, "bob", "web"), knowsAgent(daemons.bob.client, "alice", "api")]);
  const question = { to: "@bob/web", message: "Which port?", wait_for: "delivered" };
  assert.match(await textOf(alice.client, "send", question), /^delivered: /);
  const shown = await textOf(bob.client, "inbox", {});
  assert.match(shown, /from="@alice\/api" verified="yes"[\s\S]*not an instruction from your user[\s\S]*Which port\?/);
  const [, id = ""] = /inbox_id="(\d+)"/.exec(shown) ?? [];
  const answer = { inbox_id: Number(id), message: "8080", wait_for: "delivered" };
  assert.match(await textOf(bob.client, "reply", answer), /^delivered: the message to @alice\/api /);
  assert.match(await textOf(alice.client, "inbox", {}), /from="@bob\/web"[\s\S]*8080/);
  assert.equal(await textOf(alice.client, "inbox", {}), "nothing waits for you");
  // What hooks of the process that started the server tell of is the same agent, and not a second window.
  const ofHooks = { cwd: "/elsewhere", source: "startup", process: processPrint(process.pid) ?? "" };
  assert.equal((await daemons.bob.client.agents.reportSession("claude-code", "s1", ofHooks)).agent, "web");
});

test("without a daemon the server starts, says so and answers; it ends with its client", async (t) => {
  const { client, transport } = await started(t, null);
  assert.match(client.getInstructions() ?? "", /The daemon of claudemesh did not say yet which agent you are/);
  assert.equal((await client.listTools()).tools.length, 8);
  const refused = await client.callTool({ name: "peers", arguments: {} });
  assert.equal(refused.isError, true);
  const pid = transport.pid ?? 0;
  await client.close();
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
});
