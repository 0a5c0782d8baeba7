import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { tempFolder } from "../../../test/support/temp-folder.ts";
import { limits } from "../../protocol/limits.ts";
import { me } from "../inbox/inbox.fixture.ts";
import { checkedPush } from "../inbox/push.fixture.ts";
import type { AgentChange } from "./agents.ts";
import { type AgentHost, agentHost, claude, report } from "./agents.fixture.ts";

async function host(t: TestContext): Promise<AgentHost> {
  const made = await agentHost(join(tempFolder(t), "inbox.db"));
  t.after(() => made.stop());
  return made;
}

const push = (seq: number, to: string) => checkedPush(seq, "b".repeat(64), to, "text");
/** Whatever a timer has begun is on disk. */
async function settled({ inbox }: AgentHost): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await inbox.database.write(() => undefined);
}
const eventsOf = ({ inbox }: AgentHost) =>
  inbox
    .eventsAfter(0, 1_000)
    .flatMap(({ event, data }) => (event.startsWith("agent_") ? [`${event} ${String(data["agent"])}`] : []));

test("an agent keeps its name over the ends of its sessions, and over those of the daemon", async (t) => {
  const mesh = await host(t);
  const first = await mesh.agents.report(claude("1"), report());
  assert.deepEqual([first.agent, first.address, first.renamed_from], ["shop", "@ada/shop", null]);
  await mesh.agents.ended(claude("1"));
  assert.equal((await mesh.agents.report(claude("2"), report())).agent, "shop", "a new session of the folder");
  await mesh.restart();
  assert.equal((await mesh.agents.heard(claude("2"))).agent, "shop");
  await mesh.agents.ended(claude("2"));
  assert.equal((await mesh.agents.report(claude("1"), report({ source: "resume" }))).agent, "shop");
  assert.deepEqual(
    mesh.agents.list().items.map(({ name, state }) => [name, state]),
    [["shop", "idle"]],
  );
});

test("a session that is not heard of within its lease is gone, and its agent told of as offline once", async (t) => {
  const mesh = await host(t);
  await mesh.agents.report(claude("1"), report());
  mesh.clock.advance(limits.presenceLeaseMs - 1);
  await mesh.agents.heard(claude("1"), true);
  mesh.clock.advance(limits.presenceLeaseMs - 1);
  assert.equal(mesh.agents.view("shop").state, "busy");
  await settled(mesh);
  const left = new Promise<AgentChange>((resolve) => mesh.agents.onChange(resolve));
  mesh.clock.advance(1);
  assert.deepEqual([mesh.agents.view("shop").state, mesh.agents.sessionsOf("shop")], ["offline", []]);
  assert.deepEqual(await left, { agent: "shop", session: null, online: false });
  assert.deepEqual(eventsOf(mesh), ["agent_online shop", "agent_offline shop"]);
  await mesh.restart();
  assert.equal((await mesh.agents.heard(claude("1"))).agent, "shop", "a host that slept");
  assert.deepEqual(eventsOf(mesh), ["agent_online shop", "agent_offline shop", "agent_online shop"]);
});

test("a lease that ended while no daemon ran is told of at the next start", async (t) => {
  const mesh = await host(t);
  await mesh.agents.report(claude("1"), report());
  await mesh.agents.stop();
  mesh.clock.advance(limits.presenceLeaseMs);
  await mesh.restart();
  assert.deepEqual(eventsOf(mesh), ["agent_online shop", "agent_offline shop"]);
});

test("of two windows in one folder the second is another agent, and each stays its own", async (t) => {
  const mesh = await host(t);
  assert.equal((await mesh.agents.report(claude("1"), report({ process: "1:1" }))).agent, "shop");
  assert.equal((await mesh.agents.report(claude("2"), report({ process: "2:1" }))).agent, "shop-2");
  for (const id of ["1", "2"]) await mesh.agents.ended(claude(id));
  assert.equal((await mesh.agents.report(claude("2"), report({ source: "resume", process: "3:1" }))).agent, "shop-2");
  assert.equal((await mesh.agents.report(claude("3"), report({ process: "4:1" }))).agent, "shop");
});

test("a session that crashed leaves its name to the next one at once, though its lease goes on", async (t) => {
  const mesh = await host(t);
  await mesh.agents.report(claude("1"), report({ process: "1:1" }));
  mesh.gone.add("1:1");
  assert.equal((await mesh.agents.report(claude("2"), report({ process: "2:1" }))).agent, "shop");
  assert.deepEqual(
    mesh.agents.sessionsOf("shop").map(({ sessionId }) => sessionId),
    ["2"],
  );
  assert.deepEqual(eventsOf(mesh), ["agent_online shop"], "the agent was there all the time");
});

test("who comes back after its lease and finds its name taken is another agent, and told which it was", async (t) => {
  const mesh = await host(t);
  await mesh.agents.report(claude("1"), report());
  mesh.clock.advance(limits.presenceLeaseMs);
  await mesh.agents.report(claude("2"), report());
  await assert.rejects(mesh.agents.heard(claude("1")), { code: "unknown_agent" });
  const again = await mesh.agents.report(claude("1"), report());
  assert.deepEqual([again.agent, again.renamed_from], ["shop-2", "shop"]);
});

test("the server beside a session is that session's agent, whichever of them comes first", async (t) => {
  const mesh = await host(t);
  const beside = { kind: "mcp", sessionId: "m1" };
  assert.equal((await mesh.agents.report(beside, report({ source: "mcp", process: "1:1" }))).agent, "shop");
  assert.equal((await mesh.agents.report(claude("1"), report({ process: "1:1" }))).agent, "shop");
  assert.equal((await mesh.agents.report(claude("2"), report({ process: "2:1" }))).agent, "shop-2");
  const other = await mesh.agents.report({ kind: "mcp", sessionId: "m2" }, report({ source: "mcp", process: "2:1" }));
  assert.equal(other.agent, "shop-2");
});

test("the server beside a session, which starts before it, is the agent whose mail waits, not another one of the folder", async (t) => {
  const mesh = await host(t);
  const server = (id: string, process: string) =>
    mesh.agents.report({ kind: "mcp", sessionId: id }, report({ source: "mcp", process }));
  for (const start of ["1", "2"]) {
    assert.equal((await server(`m${start}`, start)).agent, "shop");
    assert.equal((await mesh.agents.report(claude(start), report({ process: start }))).agent, "shop");
    await mesh.agents.ended({ kind: "mcp", sessionId: `m${start}` });
    await mesh.agents.ended(claude(start));
  }
  await mesh.agents.report(claude("3"), report({ process: "3" }));
  await mesh.agents.ended(claude("3"));
  assert.equal((await server("m4", "4")).agent, "shop", "also of an agent that a session with hooks has made");
  assert.deepEqual(mesh.agents.names(), ["shop"]);
});

test("a renamed agent is reached by its former names, which nobody else is given", async (t) => {
  const mesh = await host(t);
  await mesh.agents.report(claude("1"), report());
  const renamed = await mesh.agents.rename("shop", "reviewer");
  assert.deepEqual([renamed.address, renamed.former_names, renamed.state], ["@ada/reviewer", ["shop"], "idle"]);
  assert.deepEqual([mesh.agents.nameOf("shop"), mesh.agents.namesOf("reviewer")], ["reviewer", ["reviewer", "shop"]]);
  assert.equal((await mesh.agents.report(claude("2"), report())).agent, "reviewer-2");
  await assert.rejects(mesh.agents.rename("reviewer-2", "shop"), { code: "agent_name_taken" });
  assert.deepEqual((await mesh.agents.rename("reviewer", "shop")).former_names, ["reviewer"], "and back");
  assert.deepEqual(eventsOf(mesh).slice(1, 3), ["agent_offline shop", "agent_online reviewer"]);
});

test("a session takes the name that its user gives it, with the mail of the name that its folder gave", async (t) => {
  const mesh = await host(t);
  await mesh.agents.report(claude("1"), report({ socketPath: "/tmp/a.sock" }));
  const session = mesh.agents.sessionAt("/tmp/a.sock") ?? assert.fail();
  const attached = await mesh.agents.attach("reviewer", { session });
  assert.deepEqual([attached.name, attached.former_names, attached.chosen], ["reviewer", ["shop"], true]);
  await mesh.agents.report(claude("2"), report({ socketPath: "/tmp/b.sock" }));
  await assert.rejects(mesh.agents.attach("reviewer", { session: claude("2") }), { code: "agent_name_taken" });
  assert.equal((await mesh.agents.attach("writer", { session })).name, "writer");
  assert.equal(mesh.agents.view("reviewer").state, "offline", "a name that was chosen stays for who comes next");
  await assert.rejects(mesh.agents.attach("x", { session: claude("9") }), { code: "unknown_agent" });
});

test("a folder that is bound to a name gives it to its sessions, of any program", async (t) => {
  const mesh = await host(t);
  await mesh.agents.attach("reviewer", { project: "/home/ada/shop" });
  assert.equal((await mesh.agents.report({ kind: "codex", sessionId: "1" }, report())).agent, "reviewer");
  assert.equal((await mesh.agents.report(claude("1"), report())).agent, "reviewer-2");
});

test("what is forgotten leaves its mail; a session of it that is still there is another agent's next", async (t) => {
  const mesh = await host(t);
  await mesh.agents.report(claude("1"), report());
  await mesh.inbox.store([push(1, `${me}/shop`)], mesh.clock.now());
  assert.deepEqual(await mesh.agents.forget("shop"), { name: "shop", waiting: 1 });
  assert.deepEqual(mesh.agents.list().unclaimed, [{ agent: "shop", waiting: 1 }]);
  assert.equal(eventsOf(mesh).at(-1), "agent_offline shop");
  await assert.rejects(mesh.agents.heard(claude("1")), { code: "unknown_agent" });
  await mesh.agents.report(claude("1"), report());
  assert.deepEqual([mesh.agents.view("shop").waiting, mesh.agents.list().unclaimed], [1, []]);
});

test("what names no agent is for the default one: as set, else the only one, else nobody", async (t) => {
  const mesh = await host(t);
  const message = { inbox_id: 1, topic: null, agent: null };
  assert.deepEqual(mesh.agents.agentsFor(message), []);
  await mesh.agents.attach("a", {});
  assert.deepEqual(mesh.agents.agentsFor(message), ["a"]);
  await mesh.agents.attach("b", {});
  await mesh.inbox.store([push(1, me)], mesh.clock.now());
  assert.deepEqual([mesh.agents.agentsFor(message), mesh.agents.list().undecided], [[], 1]);
  mesh.settings.default = "b";
  assert.deepEqual(
    [mesh.agents.agentsFor(message), mesh.agents.list().default, mesh.agents.view("b").waiting],
    [["b"], "b", 1],
  );
  mesh.settings.default = "nobody";
  assert.deepEqual(mesh.agents.agentsFor(message), [], "a default that is not there interrupts nobody else");
});

test("a topic's messages are for the agents that have it, from when they have it", async (t) => {
  const mesh = await host(t);
  for (const name of ["a", "b"]) await mesh.agents.attach(name, {});
  await mesh.inbox.store([push(1, me)], mesh.clock.now());
  await mesh.agents.addTopic("b", "ops");
  const on = (inbox_id: number) => mesh.agents.agentsFor({ inbox_id, topic: "ops", agent: null });
  assert.deepEqual([on(1), on(2)], [[], ["b"]]);
  await mesh.agents.dropTopic("b", "ops");
  assert.deepEqual(on(3), []);
});

test("who only says that a session goes on takes nothing from what is known of it", async (t) => {
  const mesh = await host(t);
  const begins = report({ process: "1:1", socketPath: "/tmp/a.sock", socketToken: "t", busy: true });
  await mesh.agents.report(claude("1"), begins);
  await mesh.agents.report(claude("1"), report({ cwd: "/tmp", source: "", busy: null }));
  const { process, socketPath, socketToken, busy, project } = mesh.agents.session(claude("1")) ?? assert.fail();
  assert.deepEqual([process, socketPath, socketToken, busy, project], ["1:1", "/tmp/a.sock", "t", true, begins.cwd]);
});

test("a session's token is in memory alone: no file and no answer has it", async (t) => {
  const folder = tempFolder(t);
  const mesh = await agentHost(join(folder, "inbox.db"));
  t.after(() => mesh.stop());
  const token = "t0ken-of-a-session";
  await mesh.agents.report(claude("1"), report({ socketPath: "/tmp/a.sock", socketToken: token }));
  assert.equal(mesh.agents.session(claude("1"))?.socketToken, token);
  assert.ok(!JSON.stringify(mesh.agents.list()).includes(token));
  for (const file of ["inbox.db", "inbox.db-wal"])
    assert.ok(!readFileSync(join(folder, file), "latin1").includes(token), file);
  await mesh.restart();
  assert.equal(mesh.agents.session(claude("1"))?.socketToken, null);
});

test("a program that runs for a named agent is that agent, alone, or nothing", async (t) => {
  const mesh = await host(t);
  const runs = (sessionId: string, process: string) =>
    mesh.agents.report({ kind: "command", sessionId }, report({ source: "run", agent: "ci", process }));
  assert.equal((await runs("ci", "1:1")).agent, "ci");
  await assert.rejects(runs("ci", "2:1"), { code: "agent_name_taken" });
  await assert.rejects(runs("other", "3:1"), { code: "agent_name_taken" });
  assert.deepEqual(
    mesh.agents.list().items.map(({ name }) => name),
    ["ci"],
  );
  mesh.gone.add("1:1");
  assert.equal((await runs("ci", "2:1")).agent, "ci", "the one before was killed");
});

test("agents are bounded: what nobody uses goes first, and what is in use stays", async (t) => {
  const mesh = await host(t);
  await mesh.inbox.database.write((_db, queries) => {
    for (let n = 0; n < limits.agentsMax; n++)
      queries.putAgent({ name: `a${n}`, kind: "", project: "", chosen: n === 0 ? 0 : 1, created_at: n });
  });
  assert.equal((await mesh.agents.report(claude("1"), report())).agent, "shop");
  assert.equal(mesh.agents.nameOf("a0"), null);
  await assert.rejects(mesh.agents.report(claude("2"), report()), { code: "too_many_agents" });
  assert.deepEqual(mesh.agents.told().agents_told, null, "more than can be named: it is not said that these are all");
});
