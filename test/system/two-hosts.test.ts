import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Client } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import type { JoinAnswer } from "../../src/cli/launcher.ts";
import type { InboxItem, LocalEvent } from "../../src/protocol/local-api.ts";
import { host, ok, type TestHost } from "../support/claudemesh.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { twoNetworks } from "../support/two-networks.ts";

/** A dead link is noticed within seconds instead of a good minute. */
function impatient(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "config.toml"), "[link]\nping_seconds = 1\nsilence_seconds = 3\n");
}

async function clientOf(of: TestHost): Promise<Client> {
  return connect({ socketPath: (await of.status()).daemons[0]?.socket ?? "" });
}

/** Resolves with the next event of that name after the `after`th. */
async function event(client: Client, name: LocalEvent["event"], after: number): Promise<number> {
  for await (const found of client.events({ after })) if (found.event === name) return found.id;
  throw new Error("the stream ended");
}

async function newestEvent(client: Client): Promise<number> {
  const opened = new AbortController();
  let newest = 0;
  // The stream begins with what is there; it is ended once a receipt of this very message has come by.
  const sent = await client.send({ to: `@${(await client.health()).member.name}`, message: "mark" });
  for await (const found of client.events({ after: 0, signal: opened.signal })) {
    newest = found.id;
    if (found.event === "receipt" && found.data["client_message_id"] === sent.client_message_id) opened.abort();
  }
  return newest;
}

async function messages(of: TestHost): Promise<string[]> {
  const { items } = JSON.parse(ok(await of.run(["inbox", "--json", "--limit", "1000"]))) as { items: InboxItem[] };
  return items.map(({ message }) => message ?? "").filter((message) => message !== "mark");
}

test("two hosts with addresses of their own: joining, a killed broker, both addresses changed, a half-open link; each message once", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("needs root, for network namespaces");
  const [near, far] = await twoNetworks(t);
  const folder = tempFolder(t);
  const alice = host(t, "alice", folder, near.within);
  const bob = host(t, "bob", folder, far.within);
  impatient(join(alice.home, "broker"));
  impatient(join(alice.home, "daemon", "local"));
  impatient(join(bob.home, "daemon", "team"));

  assert.match(ok(await alice.run(["up", "--name", "alice", "--listen", "0.0.0.0:8787"])), /wss:\/\/10\.77\.0\.1:8787/);
  const link = ok(await alice.run(["invite", "--uses", "2"])).trim();
  assert.ok(link.startsWith("claudemesh://10.77.0.1:8787/"));
  assert.match(ok(await bob.run(["join", link, "--name", "bob"])), /^joined as @bob .* wss:\/\/10\.77\.0\.1:8787/);
  ok(await bob.run(["send", "@alice", "1 joined", "--wait", "delivered"]));
  ok(await alice.run(["send", "@bob", "1 welcome", "--wait", "delivered"]));
  const client = await clientOf(bob);
  t.after(() => client.close());

  process.kill((await alice.status()).broker.pid ?? 0, "SIGKILL");
  ok(await bob.run(["send", "@alice", "2 while the broker is dead", "--id", "2"]));
  ok(await alice.run(["broker", "up"]));
  ok(await bob.run(["send", "@alice", "2 while the broker is dead", "--id", "2", "--wait", "delivered"]));

  await far.moveTo("10.77.0.12");
  ok(await bob.run(["send", "@alice", "3 from another address", "--wait", "delivered"]));
  ok(await alice.run(["send", "@bob", "3 to another address", "--wait", "delivered"]));

  await near.moveTo("10.77.0.11");
  ok(await bob.run(["send", "@alice", "4 the broker has moved", "--id", "4"]));
  const moved = ok(await alice.run(["invite"])).trim();
  assert.ok(moved.startsWith("claudemesh://10.77.0.11:8787/"));
  const followed = JSON.parse(ok(await bob.run(["join", moved, "--json"]))) as JoinAnswer;
  assert.deepEqual([followed.change, followed.notices], ["address", []]);
  ok(await bob.run(["send", "@alice", "4 the broker has moved", "--id", "4", "--wait", "delivered"]));

  const before = await newestEvent(client);
  await near.loseTo(far.address);
  const down = await event(client, "link_down", before);
  ok(await bob.run(["send", "@alice", "5 into silence", "--id", "5"]));
  await near.reachAgain(far.address);
  await event(client, "link_up", down);
  ok(await bob.run(["send", "@alice", "5 into silence", "--id", "5", "--wait", "delivered"]));
  ok(await alice.run(["send", "@bob", "5 back", "--wait", "delivered"]));

  assert.deepEqual(await messages(alice), [
    "1 joined",
    "2 while the broker is dead",
    "3 from another address",
    "4 the broker has moved",
    "5 into silence",
  ]);
  assert.deepEqual(await messages(bob), ["1 welcome", "3 to another address", "5 back"]);
});
