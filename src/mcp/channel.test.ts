import assert from "node:assert/strict";
import { test } from "node:test";
import { mesh } from "../../test/support/mesh.ts";
import { mcpClient, succeeded } from "../../test/support/mcp/mcp-client.ts";

interface Pushed {
  readonly content: string;
  readonly meta: Readonly<Record<string, string>>;
}

test("a channel pushes what waits and what comes, framed, each once, and calls none of it injected", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  await bob.client.agents.put("web");
  const write = (message: string, priority: "next" | "low" = "next") =>
    alice.client.send({ to: "@bob", message, priority }, { wait: "delivered" });
  await write("it waited");
  const target = { socketPath: bob.daemon.socketPath };
  const web = await mcpClient(t, target, { agent: "web", channel: true });
  assert.deepEqual(web.client.getServerCapabilities()?.experimental, { "claude/channel": {} });
  assert.equal(web.client.getNegotiatedProtocolVersion(), "2025-11-25");
  while (web.pushed.length < 1) await web.nextPush();
  await write("it wakes nobody", "low");
  const sent = await write("it came");
  while (web.pushed.length < 2) await web.nextPush();
  const pushed = web.pushed as readonly Pushed[];
  assert.match(pushed[0]?.content ?? "", /^<claudemesh-message-\w+ from="@alice"[\s\S]*it waited/);
  assert.match(pushed[1]?.content ?? "", /it came/);
  for (const { meta } of pushed)
    for (const [key, value] of Object.entries(meta)) {
      assert.match(key, /^[A-Za-z0-9_]+$/);
      assert.equal(typeof value, "string");
    }
  const { stages } = await alice.client.message(sent.client_message_id);
  assert.deepEqual(
    stages.map(({ stage }) => stage),
    ["queued", "accepted", "delivered"],
  );
  assert.equal(web.pushed.length, 2);
  // An answer shows that it was seen.
  const [, id] = /inbox_id="(\d+)"/.exec(pushed[1]?.content ?? "") ?? [];
  succeeded(await web.call("reply", { inbox_id: Number(id), message: "seen" }));
  await alice.client.waitFor(sent.client_message_id, "read");
});

test("a channel offers the protocol of 2025 alone, also to a client that asks for a later one", async (t) => {
  const { daemons } = await mesh(t, ["bob"]);
  const target = { socketPath: daemons.bob.daemon.socketPath };
  const web = await mcpClient(t, target, { channel: true, mode: "auto" });
  assert.equal(web.client.getNegotiatedProtocolVersion(), "2025-11-25");
});

test("a channel goes on after the daemon was restarted", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const target = { socketPath: daemons.bob.daemon.socketPath };
  const web = await mcpClient(t, target, { agent: "web", channel: true });
  await web.call("peers");
  await daemons.bob.restart();
  await daemons.alice.client.send({ to: "@bob", message: "after" }, { wait: "delivered" });
  while (web.pushed.length < 1) await web.nextPush();
  assert.match((web.pushed[0] as Pushed).content, /after/);
});
