import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Client } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import { limits } from "../../src/protocol/limits.ts";
import { host, ok, type TestHost } from "../support/claudemesh.ts";
import { onEnd } from "../support/on-end.ts";
import { tempFolder } from "../support/temp-folder.ts";

const kind = "claude-code";
const take = { way: "hook", chars_max: limits.offerCharsMax } as const;

/** Two hosts on a broker of its own host, so that each of the three can be killed alone. */
async function threeHosts(t: TestContext) {
  const folder = tempFolder(t);
  const [base, alice, bob] = [host(t, "base", folder), host(t, "alice", folder), host(t, "bob", folder)];
  ok(await base.run(["broker", "up"]));
  for (const one of [alice, bob]) ok(await one.up("--broker", join(base.home, "broker")));
  return { base, alice, bob };
}

/** The daemon as it announces itself. */
function running(of: TestHost): { readonly pid: number; readonly socket: string } {
  const folder = join(of.home, "daemon");
  const [mesh = ""] = readdirSync(folder);
  return JSON.parse(readFileSync(join(folder, mesh, "daemon.json"), "utf8")) as { pid: number; socket: string };
}

function clientOf(t: TestContext, of: TestHost): Client {
  const client = connect({ socketPath: running(of).socket });
  onEnd(t, () => client.close());
  return client;
}

async function killBroker(of: TestHost): Promise<void> {
  const { pid } = (await of.status()).broker;
  assert.ok(typeof pid === "number");
  process.kill(pid, "SIGKILL");
}

/** Kills the daemon between two instructions and starts it again. */
async function restartKilled(t: TestContext, of: TestHost): Promise<Client> {
  process.kill(running(of).pid, "SIGKILL");
  ok(await of.up());
  return clientOf(t, of);
}

/** The mesh has told of the agent. */
async function heardOf(client: Client, agent: string): Promise<void> {
  for await (const { event, data } of client.events({ after: 0 }))
    if (event === "agent_online" && data["agent"] === agent) return;
}

const stages = async (client: Client, id: string) => (await client.message(id)).stages.map(({ stage }) => stage);
const report = { cwd: "/srv/builder", agent: "builder", process: "7:1" };

test("whoever of sender, broker and receiver is killed between two stages, none is told before it is true, and each comes", async (t) => {
  const { base, alice, bob } = await threeHosts(t);
  let [sender, receiver] = [clientOf(t, alice), clientOf(t, bob)];
  await receiver.agents.reportSession(kind, "s1", report);
  await heardOf(sender, "builder");
  for (const id of ["m1", "m2"])
    await sender.send({ to: "@bob/builder", message: id, client_message_id: id }, { wait: "delivered" });
  const takeOne = async () => {
    const { offers } = await receiver.agents.take(kind, "s1", { ...take, limit: 1 });
    return offers.map(({ offer_id }) => offer_id);
  };

  // The receiver, while a hook has the message and has not confirmed it.
  const first = await takeOne();
  receiver = await restartKilled(t, bob);
  assert.deepEqual(await stages(sender, "m1"), ["queued", "accepted", "delivered"]);
  assert.deepEqual((await receiver.agents.confirm(kind, "s1", first)).changed, first);

  // The receiver again, as soon as it has answered: the receipt is on its disk.
  receiver = await restartKilled(t, bob);
  await sender.waitFor("m1", "injected", { timeoutMs: 20_000 });

  // Broker and sender, before what follows can reach them: m2 is put in, and the session goes on with m1.
  const second = await takeOne();
  await killBroker(base);
  await receiver.agents.confirm(kind, "s1", second);
  assert.deepEqual(await stages(sender, "m2"), ["queued", "accepted", "delivered"]);
  process.kill(running(alice).pid, "SIGKILL");
  await receiver.agents.reportSession(kind, "s1", { ...report, status: "busy" });
  ok(await base.run(["broker", "up"]));
  ok(await alice.up());
  sender = clientOf(t, alice);
  for (const id of ["m1", "m2"]) {
    await sender.waitFor(id, "read", { timeoutMs: 20_000 });
    assert.deepEqual(await stages(sender, id), ["queued", "accepted", "delivered", "injected", "read"]);
  }
  assert.deepEqual(await takeOne(), []);
});
