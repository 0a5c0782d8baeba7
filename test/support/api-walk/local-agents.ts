import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { limits } from "../../../src/protocol/limits.ts";
import { type Reached, samples } from "./local-pair.ts";
import type { Asked, Walk } from "./walk.ts";

/** Operations on what is there, each with its sample. */
const writing = [
  "agentPut",
  "agentForget",
  "agentRename",
  "agentTopicAdd",
  "agentTopicDrop",
  "agentSessionPut",
  "agentSessionHeartbeat",
  "agentSessionEnd",
] as const;
const ofAgents = ["agentPut", "agentForget", "agentRename", "agentTopicAdd", "agentTopicDrop"] as const;

/** Agents of one member and their sessions. The topic `ops` is there; bob has not joined it. */
export async function walkAgents(walk: Walk, alice: Reached, bob: Reached): Promise<void> {
  const { unix } = alice;
  const of = (id: string, changes: Asked = {}): Asked => ({ ...samples[id], ...changes });
  const session = (session_id: string, body: object = {}): Asked =>
    of("agentSessionPut", { params: { kind: "claude-code", session_id }, body: { cwd: "/srv/shop", ...body } });
  await walk.ask(unix, "agentPut", 200, of("agentPut"));
  await walk.ask(unix, "agentList", 200);
  await walk.ask(unix, "agentTopicAdd", 200, of("agentTopicAdd"));
  await walk.ask(unix, "agentTopicDrop", 200, of("agentTopicDrop"));
  await walk.ask(unix, "agentSessionPut", 200, session("s-1", { socket_path: "/tmp/s-1.sock" }));
  await walk.ask(unix, "agentSessionPut", 200, session("s-2", { socket_path: "/tmp/s-2.sock" }));
  await walk.ask(unix, "agentSessionHeartbeat", 200, of("agentSessionHeartbeat", { body: { status: "busy" } }));
  await walk.ask(unix, "agentList", 200);
  await walk.ask(unix, "agentPut", 200, of("agentPut", { body: { socket_path: "/tmp/s-1.sock" } }));
  await walk.ask(unix, "agentPut", "agent_name_taken", of("agentPut", { body: { socket_path: "/tmp/s-2.sock" } }));
  await walk.ask(unix, "agentPut", "unknown_agent", of("agentPut", { body: { socket_path: "/tmp/none.sock" } }));
  const run = { source: "run", agent: "reviewer" };
  await walk.ask(unix, "agentSessionPut", "agent_name_taken", session("s-3", run));
  await walk.ask(unix, "agentSessionPut", "invalid_destination", session("s-3", { agent: "no name" }));
  await walk.ask(unix, "agentRename", 200, of("agentRename"));
  await walk.ask(unix, "agentRename", "agent_name_taken", {
    params: { name: "shop-2" },
    body: { to: "reviewer" },
  });
  for (const id of ofAgents) {
    const { body, params } = samples[id] ?? {};
    await walk.ask(unix, id, "invalid_destination", { params: { ...params, name: "no%20name" }, body });
    if (id !== "agentPut") await walk.ask(unix, id, "unknown_agent", { params: { ...params, name: "nobody" }, body });
  }
  for (const id of ["agentSessionPut", "agentSessionHeartbeat", "agentSessionEnd"])
    await walk.ask(unix, id, "unknown_agent", of(id, { params: { kind: "No-Kind", session_id: "s-1" } }));
  await walk.ask(
    unix,
    "agentTopicAdd",
    "unknown_destination",
    of("agentTopicAdd", { params: { name: "reviewer", topic: "opps" } }),
  );
  await walk.ask(bob.unix, "agentPut", 200, of("agentPut"));
  await walk.ask(bob.unix, "agentTopicAdd", "not_subscribed", of("agentTopicAdd"));
  await walk.ask(unix, "agentSessionEnd", 200, of("agentSessionEnd"));
  await walkBounds(walk, alice);
  await walk.ask(unix, "agentForget", 200, of("agentForget"));
}

/** As many agents as there may be, and a database that another program writes to. */
async function walkBounds(walk: Walk, { unix, dir }: Reached): Promise<void> {
  const other = new DatabaseSync(join(dir, "inbox.db"));
  other.exec(
    "INSERT INTO agent_topic SELECT 'reviewer', printf('t%d', value), 0 FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 64) SELECT value FROM n)",
  );
  await walk.ask(unix, "agentTopicAdd", "too_many_agents", samples["agentTopicAdd"]);
  other.exec(
    `INSERT INTO agent (name, kind, project, chosen, created_at)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${limits.agentsMax}) SELECT printf('a%d', i), '', '', 1, 0 FROM n`,
  );
  const fresh = { cwd: "/srv/other" };
  await walk.ask(unix, "agentPut", "too_many_agents", { params: { name: "one-more" } });
  await walk.ask(unix, "agentSessionPut", "too_many_agents", {
    ...samples["agentSessionPut"],
    params: { kind: "codex", session_id: "s-9" },
    body: fresh,
  });
  other.exec("DELETE FROM agent WHERE name GLOB 'a[0-9]*'; DELETE FROM agent_topic");
  other.exec("BEGIN IMMEDIATE");
  // At once: each by itself would wait for the lock as long as the daemon does.
  await Promise.all(writing.map((id) => walk.ask(unix, id, "store_unavailable", samples[id])));
  other.close();
}
