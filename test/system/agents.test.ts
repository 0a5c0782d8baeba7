import assert from "node:assert/strict";
import { test } from "node:test";
import { main } from "../../src/cli/main.ts";
import { launcher } from "../../src/bin/launcher.ts";
import type { Client } from "../../src/client/client.ts";
import { claudeCode } from "../../src/protocol/claude-code/assumptions.ts";
import { ClaudemeshError } from "../../src/protocol/error.ts";
import type { LocalEvent } from "../../src/protocol/local-api.ts";
import { daemon } from "../support/daemon.ts";
import { doctoredHome } from "../support/doctored-home.ts";
import { linked, mesh } from "../support/mesh.ts";

const shop = { cwd: "/srv/shop", source: "startup" };

/** The first event of that name about an agent of that name, waited for if need be. */
async function hears(client: Client, event: LocalEvent["event"], agent: string): Promise<LocalEvent["data"]> {
  for await (const heard of client.events({ after: 0 }))
    if (heard.event === event && heard.data["agent"] === agent) return heard.data;
  return assert.fail("the events ended");
}

test("an agent is known to the mesh, reached by its address and by former ones, over restarts; a mistyped one is refused", async (t) => {
  const { alice, bob } = (await mesh(t, ["alice", "bob"])).daemons;
  await bob.client.agents.reportSession("claude-code", "s-1", shop);
  const { address, self } = await hears(alice.client, "agent_online", "shop");
  assert.deepEqual([address, self], ["@bob/shop", false]);
  const seen = (await alice.client.members()).find(({ name }) => name === "bob");
  assert.deepEqual([seen?.agents, seen?.agents_online], [["shop"], ["shop"]]);

  const refused = ClaudemeshError.from(
    await alice.client.send({ to: "@bob/shp", message: "hello" }).catch((thrown: unknown) => thrown),
  );
  assert.deepEqual([refused.code, refused.details["suggestions"]], ["unknown_destination", ["@bob/shop"]]);
  const send = async (to: string): Promise<void> =>
    void (await alice.client.send({ to, message: `to ${to}` }, { wait: "delivered" }));
  await send("@bob/shop");

  await bob.client.agents.rename("shop", "critic");
  await hears(alice.client, "agent_online", "critic");
  for (const to of ["@bob/shop", "@bob/critic"]) await send(to);
  const restarted = await bob.restart();
  const { items, unclaimed } = await restarted.client.agents.list();
  assert.deepEqual(
    [items.map(({ name, waiting, state, former_names }) => [name, waiting, state, former_names]), unclaimed],
    [[["critic", 3, "idle", ["shop"]]], []],
  );
  await restarted.client.agents.endSession("claude-code", "s-1");
  await hears(alice.client, "agent_offline", "critic");
  await send("@bob/critic");
  assert.equal((await restarted.client.agents.reportSession("claude-code", "s-2", shop)).agent, "critic");
});

test("the commands on agents name a session and a folder, show who is there, and refuse what is not", async (t) => {
  const { home, dir } = await doctoredHome(t);
  const { client } = await daemon(t, { dir });
  await linked({ client });
  const type = async (words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const [out, err]: [string[], string[]] = [[], []];
    const code = await main(words, {
      env: { CLAUDEMESH_HOME: home, ...env },
      stdin: () => assert.fail("nothing is read"),
      stdout: { write: (text) => out.push(text) },
      stderr: { write: (text) => err.push(text) },
      launcher: async () => launcher,
      signal: new AbortController().signal,
    });
    return { code, out: out.join(""), err: err.join("") };
  };
  assert.match((await type(["agent", "list"])).err, /no agents yet: claudemesh agent attach NAME/);
  await client.agents.reportSession("claude-code", "s-1", { ...shop, socket_path: "/tmp/s-1.sock" });
  const inside = { [claudeCode.socketVariable]: "/tmp/s-1.sock" };
  assert.equal((await type(["agent", "attach", "reviewer"], inside)).out, "@ada/reviewer is this session\n");
  assert.match((await type(["members"])).out, /^@ada .* reviewer \(online\) +\(this daemon\)$/m);
  const folder = await type(["agent", "attach", "writer", "--folder", "/srv/docs", "--default"]);
  assert.deepEqual(
    [folder.code, folder.out],
    [0, "@ada/writer is the agent of /srv/docs\nit gets what is sent to this member without naming an agent\n"],
  );
  const elsewhere = await type(["agent", "attach", "writer", "--default"]);
  assert.match(
    elsewhere.out,
    /^@ada\/writer is the agent of \/srv\/docs\n/,
    "its folder is not the one that one stands in",
  );
  const listed = await type(["agent", "list"]);
  const [, writer, reviewer] = listed.out.split("\n");
  assert.match(writer ?? "", /^@ada\/writer +offline +none yet +0 +never +\/srv\/docs +\(default\)$/);
  assert.match(reviewer ?? "", /^@ada\/reviewer +idle +claude-code +0 +20\S+Z +\/srv\/shop +\(was shop\)$/);
  assert.equal((await type(["agent", "rename", "writer", "scribe"])).code, 0);
  const list = JSON.parse((await type(["agent", "list", "--json"])).out) as { default: string };
  assert.equal(list.default, "scribe", "the setting's name is the agent's former one");
  for (const [words, code, says] of [
    [["agent", "rename", "scribe", "reviewer"], 4, /^error: the name reviewer is taken/],
    [
      ["agent", "forget", "scribble"],
      7,
      /^error: there is no agent scribble here \(unknown_agent\)\nhint: did you mean scribe\?/,
    ],
    [["agent", "attach", "@ada"], 2, /is not an agent's name/],
  ] as const) {
    const ran = await type(words);
    assert.deepEqual([ran.code, ran.out], [code, ""]);
    assert.match(ran.err, says);
  }
  assert.equal((await type(["agent", "forget", "scribe"])).out, "forgot agent scribe\n");
});
