import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { installAgent } from "../../src/bin/agent-install/install-agent.ts";
import { hookAgent, hookFiles } from "../support/hook-agent.ts";
import { knowsAgent } from "../support/knows-agent.ts";
import { mesh } from "../support/mesh.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { homeOf } from "../support/typed-here.ts";

const program = fileURLToPath(new URL("../../src/bin/claudemesh.ts", import.meta.url));

for (const kind of ["codex", "gemini-cli"] as const)
  test(`${kind}: messages come with its hooks as they are installed, each once, in order, over a cleared session`, async (t) => {
    const { daemons } = await mesh(t, ["alice", "bob"]);
    const folder = tempFolder(t);
    const project = join(folder, "shop");
    mkdirSync(project);
    const env = { PATH: process.env["PATH"] };
    installAgent(
      {
        home: homeOf(t, daemons.alice),
        mesh: null,
        kind,
        scope: "user",
        project,
        dryRun: false,
        channel: false,
        rewake: false,
      },
      { homeFolder: folder, env, node: process.execPath, program },
    );
    await daemons.alice.client.agents.put("shop", { project });
    await knowsAgent(daemons.bob.client, "alice", "shop");
    const send = async (message: string, priority: "next" | "low" = "next"): Promise<string> => {
      const { client_message_id: id } = await daemons.bob.client.send({ to: "@alice/shop", message, priority });
      await daemons.bob.client.waitFor(id, "delivered");
      return id;
    };
    const agent = hookAgent(kind, join(folder, ...hookFiles[kind]), project);
    const texts = (): readonly string[] =>
      agent.context.flatMap((text) =>
        [...text.matchAll(/\n\n(.*)\n<\/claudemesh-message/g)].map(([, body]) => body ?? ""),
      );

    const first = await send("before it began");
    await agent.begin("startup");
    await daemons.bob.client.waitFor(first, "injected");
    await agent.say("go on");
    await send("while it works");
    await agent.useTool();
    await send("not so urgent", "low");
    assert.equal(await agent.endTurn(), false);
    await send("at the end of its turn");
    assert.equal(await agent.endTurn(), true);
    const cleared = await send("to a cleared session");
    await agent.begin("clear");
    assert.deepEqual(texts(), [
      "before it began",
      "while it works",
      "at the end of its turn",
      // It wakes nobody, and keeps nobody from ending: it comes with the next one.
      "not so urgent",
      "to a cleared session",
    ]);
    await daemons.bob.client.waitFor(cleared, "injected");
    // The session goes on: what came with the hook before was read.
    await agent.say("thanks");
    const { items } = await daemons.alice.client.agents.list();
    assert.deepEqual(
      items.map(({ name, kind: found, waiting, sessions }) => [name, found, waiting, sessions.length]),
      [["shop", kind, 0, 1]],
    );
    assert.equal(items[0]?.sessions[0]?.session_id, agent.sessionId());
    await daemons.bob.client.waitFor(cleared, "read");
  });
