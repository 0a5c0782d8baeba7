import assert from "node:assert/strict";
import { test } from "node:test";
import { httpCall } from "../../http/http-call.fixture.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { chainPerson } from "../membership/chain.fixture.ts";
import { agentNews } from "./agent-news.ts";
import { type LinkBench, linkBench, meshId } from "./link-bench.fixture.ts";
import { tellAgentsMs } from "./tell-agents.ts";

const put = async ({ daemon }: LinkBench, path: string, body: object) => {
  const { status, json, text } = await httpCall({ socketPath: daemon.socketPath }, "PUT", path, { body });
  assert.equal(status, 200, text);
  return json;
};
const session = (id: string): string => `/v1/agents/sessions/claude-code/${id}`;
const shop = { cwd: "/srv/shop" };

test("the mesh is told of agents by the hello, and of what changes afterwards, bursts at once", async (t) => {
  const made = await linkBench(t);
  await put(made, "/v1/agents/reviewer", {});
  const first = await made.broker.connection();
  const hello = await first.open();
  assert.deepEqual([hello.agents, hello.agents_told], [["reviewer"], { former: [], online: [] }]);
  await made.link("connected");
  await put(made, session("1"), shop);
  await put(made, session("2"), shop);
  made.clock.advance(tellAgentsMs);
  const { id, ...told } = await first.next("presence");
  assert.deepEqual(told, {
    type: "presence",
    agents: ["reviewer", "shop", "shop-2"],
    agents_told: { former: [], online: ["shop", "shop-2"] },
  });
  first.send({ type: "reply", id, result: {} });
});

test("what a broker says of presence that it does not know ends nothing, and it is asked no more on that link", async (t) => {
  const made = await linkBench(t);
  const link = await made.connected();
  let told = 0;
  link.socket.on("message", (data) => {
    if (String(data).startsWith('{"type":"presence"')) told += 1;
  });
  await put(made, session("1"), shop);
  made.clock.advance(tellAgentsMs);
  const { id } = await link.next("presence");
  const unknown = new ClaudemeshError("protocol_error", "no such frame", { details: { unknown_type: "presence" } });
  const { code, message, retryable, details } = unknown;
  link.send({ type: "error", id, code, message, retryable, closes: false, details });
  await put(made, session("2"), shop);
  await made.send("behind");
  made.clock.advance(tellAgentsMs * 60);
  await made.send("further");
  await link.next("send");
  assert.equal(told, 1);
  assert.equal((await made.get("/v1/health"))["status"], "ok");
});

test("with announce off nobody is told of an agent", async (t) => {
  const made = await linkBench(t, { config: "[agents]\nannounce = false\n" });
  await put(made, "/v1/agents/reviewer", {});
  const link = await made.broker.connection();
  const hello = await link.open();
  assert.deepEqual([hello.agents, hello.agents_told], [[], undefined]);
});

test("news of another member's agents are kept and told here, so that one that is not there is refused", async (t) => {
  const made = await linkBench(t);
  const bob = chainPerson("bob", meshId);
  made.chain().append(made.self, { kind: "admit", member: bob.member, role: "member" });
  const link = await made.connected();
  const member = { member_id: bob.memberId, name: "bob", role: "member", online: true, agents: [], last_seen_at: null };
  link.members = [member];
  link.send({ type: "event", event: "member_online", member });
  const send = async (to: string) => {
    const body = { to, message: "hello" };
    return httpCall({ socketPath: made.daemon.socketPath }, "POST", "/v1/send", { body });
  };
  while ((await send("@bob")).status !== 202);
  assert.equal((await send("@bob/anybody")).status, 202, "he tells nothing of his agents");
  const told = { agents: ["reviewer"], agents_told: { former: [], online: ["reviewer"] } };
  link.members = [{ ...member, ...told }];
  link.send({ type: "event", event: "agents_changed", member_id: bob.memberId, ...told });
  const { name, address, self } = await made.event("agent_online");
  assert.deepEqual({ name, address, self }, { name: "bob", address: "@bob/reviewer", self: false });
  assert.equal((await send("@bob/reviewer")).status, 202);
  const refused = await send("@bob/revewer");
  assert.deepEqual([refused.json["code"], refused.json["suggestions"]], ["unknown_destination", ["@bob/reviewer"]]);
  await made.restart("at_once");
  assert.equal((await send("@bob/revewer")).status, 202, "while nobody can be asked, it may have come since");
});

test("an agent is told of as there only while its member is", () => {
  const bob = { member_id: "b".repeat(64), name: "bob", role: "member", agents: ["a"], last_seen_at: null } as const;
  const seen = (online: boolean) => ({
    members: [{ ...bob, online, agents_told: { former: [], online: ["a"] } }],
    topics: [],
  });
  const names = (before: boolean | null, after: boolean, self = "a".repeat(64)) =>
    agentNews(before === null ? null : seen(before), seen(after), self).map(({ event }) => event);
  assert.deepEqual(names(false, true), ["agent_online"]);
  assert.deepEqual(names(true, false), ["agent_offline"]);
  assert.deepEqual(names(true, true), []);
  assert.deepEqual([names(null, true), names(false, true, bob.member_id)], [[], []]);
});
