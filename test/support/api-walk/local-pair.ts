import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import { connect } from "../../../src/client/connect.ts";
import type { Target } from "../../../src/http/http-call.fixture.ts";
import { limits } from "../../../src/protocol/limits.ts";
import type { TestHost } from "../claudemesh.ts";
import { cliPair } from "../cli-pair.ts";
import { walkAgents } from "./local-agents.ts";
import { walkOffers } from "./local-offers.ts";
import { eventsOf } from "./event-lines.ts";
import type { Ground } from "./forms.ts";
import { walkHooks } from "./local-hooks.ts";
import type { Expected, Walk } from "./walk.ts";

/** A member's daemon, as it is reached, and its folder. */
export interface Reached {
  readonly unix: { readonly socketPath: string };
  readonly tcp: { readonly port: number; readonly token: string };
  readonly dir: string;
}

/** Right requests of the local API, of each operation that needs more than its method and path. */
export const samples: Ground["samples"] = {
  send: { body: { to: "@alice", message: "hello" } },
  message: { params: { id: "1" } },
  outboxRow: { params: { row: "1" } },
  outboxRequeue: { params: { row: "1" } },
  outboxDrop: { params: { row: "1" } },
  filePut: { query: "name=a", body: Buffer.from("a") },
  fileList: { query: "history_id=1&address=dm" },
  fileTake: { params: { file_id: "0".repeat(64) }, query: "history_id=1&address=dm" },
  inboxSearch: { query: "q=hello" },
  inboxItem: { params: { id: "1" } },
  inboxMarkRead: { params: { id: "1" } },
  topicCreate: { body: { name: "#ops" } },
  topicSubscribe: { params: { topic: "ops" } },
  topicUnsubscribe: { params: { topic: "ops" } },
  topicMembers: { params: { topic: "ops" } },
  queueCreate: { body: { name: "queue:jobs" } },
  queueShow: { params: { queue: "jobs" } },
  queueDelete: { params: { queue: "jobs" } },
  queueDead: { params: { queue: "jobs" } },
  queuePolicy: { params: { queue: "jobs" }, body: { unsealed: true } },
  queueRequeue: { params: { queue: "jobs" } },
  queueClaim: { params: { queue: "jobs" } },
  queueAck: { params: { queue: "jobs" }, body: { lease_id: "1-x" } },
  queueNack: { params: { queue: "jobs" }, body: { lease_id: "1-x" } },
  queueExtend: { params: { queue: "jobs" }, body: { lease_id: "1-x" } },
  topicRotate: { params: { topic: "ops" } },
  queueRotate: { params: { queue: "jobs" } },
  topicPolicy: { params: { topic: "ops" }, body: { unsealed: true } },
  seal: { body: { digest: "ab".repeat(32) } },
  inviteRevoke: { params: { id: "ab".repeat(32) } },
  history: { query: "address=dm" },
  agentPut: { params: { name: "reviewer" }, body: { project: "/srv/reviews" } },
  agentForget: { params: { name: "reviewer" } },
  agentRename: { params: { name: "shop" }, body: { to: "shop-1" } },
  agentTopicAdd: { params: { name: "reviewer", topic: "ops" } },
  agentTopicDrop: { params: { name: "reviewer", topic: "ops" } },
  agentSessionPut: { params: { kind: "claude-code", session_id: "s-1" }, body: { cwd: "/srv/shop" } },
  agentSessionHeartbeat: { params: { kind: "claude-code", session_id: "s-1" } },
  offersTake: {
    params: { kind: "claude-code", session_id: "s-5" },
    body: { way: "hook", chars_max: 10_000, prompt: "hello" },
  },
  offersConfirm: { params: { kind: "claude-code", session_id: "s-5" }, body: { offer_ids: ["another"] } },
  offersRelease: { params: { kind: "claude-code", session_id: "s-5" }, body: { offer_ids: ["another"] } },
  offersExtend: { params: { kind: "claude-code", session_id: "s-5" }, body: { offer_ids: ["another"] } },
  offerList: { params: { name: "offers" } },
  inboxRelease: { params: { id: "1" } },
  senderPolicyPut: { params: { sender: "bob" }, body: { policy: "mute", for_s: 60 } },
  senderPolicyDrop: { params: { sender: "bob" } },
  agentSessionEnd: { params: { kind: "claude-code", session_id: "s-1" } },
  memberRename: { params: { member: "bob" }, body: { name: "robert" } },
  memberRole: { params: { member: "bob" }, body: { role: "guest" } },
  memberGrants: { params: { member: "bob" }, body: { destinations: ["#ops", "queue:jobs"] } },
  memberKick: { params: { member: "bob" }, body: { for_s: 60 } },
  setConcurrency: { body: { policy: "prefer_oldest" } },
  memberRevoke: { params: { member: "bob" } },
  dmPolicySet: { body: { from: ["@bob"] } },
  hookTest: { params: { hook: "on-dm" } },
  safetyNumber: { params: { member: "bob" } },
};

export async function reached(host: TestHost): Promise<Reached> {
  const found = (await host.status()).daemons[0] ?? assert.fail("no daemon");
  const token = readFileSync(found.token_file, "utf8").trim();
  return {
    unix: { socketPath: found.socket },
    tcp: { port: found.http_port ?? assert.fail("not on TCP"), token },
    dir: join(host.home, "daemon", found.mesh),
  };
}

/** Two members of one broker, alice its owner. */
export async function walkPair(t: TestContext, walk: Walk): Promise<{ alice: Reached; bob: Reached }> {
  const hosts = await cliPair(t);
  const [alice, bob] = [await reached(hosts.alice), await reached(hosts.bob)];
  const listening = await eventsOf(walk, alice.unix, {});
  await walkAbout(walk, alice.unix);
  await walkMessages(walk, alice, bob);
  await walkTopics(walk, alice.unix, bob.unix);
  await walkAgents(walk, alice, bob);
  await walkOffers(walk, alice);
  await walkQueues(walk, alice, bob.unix, join(hosts.alice.home, "broker", "broker.db"));
  await walkInvites(walk, alice);
  await walkSettings(walk, alice);
  await walkHooks(walk, alice);
  await walkSendRefusals(walk, alice.unix);
  await listening.until((names) => names.includes("receipt"));
  const first = listening.ids()[0] ?? assert.fail("no event");
  listening.close();
  // Resumed, it tells what came after that one.
  const resumed = await eventsOf(walk, alice.unix, { headers: { "last-event-id": String(first) } });
  await resumed.until((names) => names.length > 0);
  assert.equal(resumed.ids()[0], first + 1);
  resumed.close();
  const lost = await eventsOf(walk, bob.tcp, { query: "since=999999999" });
  await lost.until((names) => names.includes("gap") && names.includes("message") && names.includes("link_up"));
  lost.close();
  return { alice, bob };
}

async function walkAbout(walk: Walk, alice: Target): Promise<void> {
  for (const id of ["health", "version", "compat", "metrics", "members", "topicList"]) await walk.ask(alice, id, 200);
  const served = await walk.ask(alice, "openApi", 200);
  assert.deepEqual(served.json, walk.api.document, "the served one is the checked-in one");
}

async function walkSettings(walk: Walk, { unix, dir }: Reached): Promise<void> {
  const file = join(dir, "config.toml");
  await walk.ask(unix, "reload", 200);
  writeFileSync(file, "[link]\nping_second = 5\n");
  await walk.ask(unix, "reload", "invalid_config");
  writeFileSync(file, "[outbox]\nmax_age_hours_override = 100000\n");
  await walk.ask(unix, "reload", "outbox_max_age_above_dedupe_window");
  rmSync(file);
  const token = join(dir, "local_token");
  const text = readFileSync(token);
  rmSync(token);
  mkdirSync(token);
  await walk.ask(unix, "tokenRotate", "store_unavailable");
  rmSync(token, { recursive: true });
  writeFileSync(token, text, { mode: 0o600 });
}

async function walkMessages(walk: Walk, alice: Reached, bob: Reached): Promise<void> {
  const body = { to: "@bob", message: "hello bob", client_message_id: "one", mentions: ["@bob"], meta: { build: 7 } };
  const sent = await walk.ask(alice.unix, "send", 202, { body });
  const row = { row: String(sent.json["outbox_id"]) };
  const client = connect(alice.unix);
  await client.waitFor("one", "delivered");
  client.close();
  await walk.ask(alice.tcp, "send", 200, { body, headers: { "idempotency-key": "one" } });
  const reused = await walk.ask(alice.unix, "send", "idempotency_key_reused", { body: { ...body, message: "other" } });
  assert.equal(reused.json["conflict"], "outbox_done_fingerprint_mismatch");
  const nobody = { ...body, client_message_id: "two", from_agent: "nobody" };
  await walk.ask(alice.unix, "send", "unknown_agent", { body: nobody });
  await walk.ask(alice.unix, "message", 200, { params: { id: "one" } });
  await walk.ask(alice.unix, "message", "not_found", { params: { id: "none" } });
  await walk.ask(alice.unix, "outboxList", 200, { query: "state=done,pending&limit=1" });
  await walk.ask(alice.unix, "outboxRow", 200, { params: row });
  await walk.ask(alice.unix, "outboxRow", "not_found", { params: { row: "01" } });
  for (const id of ["outboxDrop", "outboxRequeue"]) {
    await walk.ask(alice.unix, id, "row_not_requeueable", { params: row });
    await walk.ask(alice.unix, id, "not_found", { params: { row: "999" } });
  }

  const inbox = await walk.ask(bob.unix, "inboxList", 200, { query: "unread=true&from=@alice&newest=true" });
  const [item] = inbox.json["items"] as { inbox_id: number }[];
  const params = { id: String(item?.inbox_id) };
  for (const id of ["inboxItem", "inboxMarkRead"]) {
    await walk.ask(bob.unix, id, 200, { params });
    await walk.ask(bob.unix, id, "not_found", { params: { id: "999" } });
  }
  await walk.ask(bob.unix, "inboxSearch", 200, { query: "q=bob" });
  await walk.ask(bob.unix, "inboxSearch", "missing_field", { query: "q=%20" });
  await walk.ask(bob.unix, "mentions", 200, { query: "newest=true" });
  await walk.ask(bob.unix, "inboxList", "invalid_destination", { query: "from=no%20name" });
  await walk.ask(bob.unix, "inboxList", "unknown_destination", { query: "from=@nobody" });
  await walk.ask(bob.unix, "inboxUndecryptable", 200);
  for (const id of ["inboxList", "inboxSearch", "inboxUndecryptable", "mentions", "outboxList"]) {
    const needed = id === "inboxSearch" ? "q=a&" : "";
    await walk.ask(bob.unix, id, "invalid_field", { query: `${needed}cursor=x` });
    await walk.ask(bob.unix, id, "invalid_field", { query: `${needed}limit=0` });
  }
  await walk.ask(bob.unix, "events", "invalid_field", { headers: { "last-event-id": "x" } });
}

async function walkTopics(walk: Walk, alice: Target, bob: Target): Promise<void> {
  const topic = { params: { topic: "ops" } };
  await walk.ask(alice, "topicCreate", 201, { body: { name: "#ops" } });
  await walk.ask(alice, "topicCreate", "already_exists", { body: { name: "ops" } });
  await walk.ask(alice, "topicCreate", "invalid_destination", { body: { name: "no name" } });
  await walk.ask(bob, "topicSubscribe", 200, topic);
  await walk.ask(bob, "topicMembers", 200, topic);
  await walk.ask(bob, "topicUnsubscribe", 200, topic);
  await walk.ask(alice, "topicPolicy", 200, samples["topicPolicy"]);
  await walk.ask(bob, "topicRotate", "not_subscribed", topic);
  await walk.ask(alice, "topicRotate", 201, { ...topic, body: { history: "joined" } });
  await walk.ask(bob, "topicPolicy", "not_allowed", { ...topic, body: { unsealed: false } });
  for (const id of ["topicSubscribe", "topicUnsubscribe", "topicMembers", "topicPolicy", "topicRotate"]) {
    const { body } = samples[id] ?? {};
    await walk.ask(alice, id, "unknown_destination", { params: { topic: "opps" }, body });
    await walk.ask(alice, id, "invalid_destination", { params: { topic: "no%20name" }, body });
  }
  await walk.ask(bob, "brokerMentions", 200, { query: "limit=5" });
  await walk.ask(bob, "brokerMentions", "invalid_field", { query: "cursor=x" });
  await walk.ask(alice, "history", 200, { query: "address=%23ops&limit=5" });
  await walk.ask(bob, "history", 200, { query: "address=@bob" });
  await walk.ask(bob, "history", "not_subscribed", { query: "address=%23ops" });
  await walk.ask(bob, "history", "unknown_destination", { query: "address=@nobody" });
  await walk.ask(bob, "history", "invalid_destination", { query: "address=queue:x" });
  await walk.ask(bob, "history", "invalid_field", { query: "address=dm&cursor=x" });
  await walk.ask(alice, "fileList", 200, { query: "history_id=1&address=dm" });
  await walk.ask(alice, "fileList", "not_found", { query: "history_id=999&address=%23ops" });
  const files = ["fileList", "fileTake"] as const;
  const ofMessage = (query: string) => ({ ...samples["fileTake"], query });
  for (const id of files) {
    for (const query of ["", "inbox_id=1&lease_id=1-x&queue=jobs", "history_id=1", "address=dm", "lease_id=1-x"])
      await walk.ask(bob, id, "invalid_field", ofMessage(query));
    await walk.ask(bob, id, "not_found", ofMessage("inbox_id=999"));
    await walk.ask(bob, id, "not_found", ofMessage("lease_id=1-x&queue=jobs"));
    await walk.ask(bob, id, "not_subscribed", ofMessage("history_id=1&address=%23ops"));
    await walk.ask(bob, id, "unknown_destination", ofMessage("history_id=1&address=%23opps"));
    await walk.ask(bob, id, "invalid_destination", ofMessage("lease_id=1-x&queue=no%20name"));
  }
  const grants = (destinations: readonly string[] | null) => ({ params: { member: "bob" }, body: { destinations } });
  await walk.ask(alice, "memberGrants", 200, grants(["queue:jobs"]));
  await walk.ask(bob, "history", "not_allowed", { query: "address=%23ops" });
  for (const id of files) await walk.ask(bob, id, "not_allowed", ofMessage("history_id=1&address=%23ops"));
  await walk.ask(alice, "memberGrants", 200, grants(null));
}

async function walkQueues(walk: Walk, alice: Reached, bob: Target, store: string): Promise<void> {
  const params = { queue: "jobs" };
  await walk.ask(alice.unix, "queueCreate", 201, { body: { name: "queue:jobs", deliveries_max: 1 } });
  await walk.ask(alice.unix, "queueCreate", "already_exists", samples["queueCreate"]);
  await walk.ask(alice.unix, "queueCreate", "invalid_destination", { body: { name: "no name" } });
  const client = connect(alice.unix);
  for (const id of ["job-1", "job-2"]) {
    await walk.ask(alice.unix, "send", 202, { body: { to: "queue:jobs", message: id, client_message_id: id } });
    await client.waitFor(id, "accepted");
  }
  client.close();
  const claimed = await walk.ask(bob, "queueClaim", 200, { params, body: { limit: 9, wait_s: 1, lease_s: 60 } });
  const [one, two] = claimed.json["items"] as { lease_id: string }[];
  const of = (lease: { lease_id: string } | undefined, more = {}) => ({ params, body: { ...lease, ...more } });
  const [first, second] = [one, two].map((item) => ({ lease_id: item?.lease_id ?? assert.fail("nothing claimed") }));
  await walk.ask(bob, "queueExtend", 200, of(first, { lease_s: 120 }));
  await walk.ask(bob, "queueAck", 200, of(first));
  await walk.ask(bob, "queueNack", "control_character", of(second, { reason: "a\u0007" }));
  await walk.ask(bob, "queueNack", 200, of(second, { delay_s: 1, reason: "not now" }));
  for (const id of ["queueAck", "queueNack", "queueExtend"]) await walk.ask(bob, id, "lease_lost", of(second));
  const dead = await walk.ask(bob, "queueDead", 200, { params, query: "limit=5" });
  const [letter] = dead.json["items"] as { history_id: number }[];
  await walk.ask(bob, "queueDead", "invalid_field", { params, query: "cursor=x" });
  await walk.ask(bob, "queueShow", 200, { params });
  await walk.ask(bob, "queueList", 200);
  await walk.ask(alice.unix, "queuePolicy", 200, samples["queuePolicy"]);
  await walk.ask(bob, "queuePolicy", "not_allowed", { params, body: { unsealed: false } });
  await walk.ask(bob, "queueRotate", 201, { params });
  await walk.ask(bob, "queueRotate", "not_allowed", { params, body: { history: "joined" } });
  await walk.ask(bob, "queueDelete", "not_allowed", { params });
  await walk.ask(alice.unix, "queueDelete", "queue_not_empty", { params });
  await walk.ask(bob, "queueRequeue", 200, { params, body: { history_ids: [letter?.history_id] } });
  await walk.ask(alice.unix, "queueDelete", 200, { params, body: { force: true } });
  const ids = ["Show", "Delete", "Dead", "Policy", "Rotate", "Requeue", "Claim", "Ack", "Nack", "Extend"].map(
    (name) => `queue${name}`,
  );
  for (const id of ids) {
    await walk.ask(id === "queuePolicy" ? alice.unix : bob, id, "unknown_destination", samples[id]);
    await walk.ask(id === "queuePolicy" ? alice.unix : bob, id, "invalid_destination", {
      ...samples[id],
      params: { queue: "no%20name" },
    });
  }
  const db = new DatabaseSync(store);
  db.exec(
    `INSERT INTO queue (mesh_id, name, created_by, created_at, first_seq, deliveries_max)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${limits.queuesMax})
     SELECT (SELECT mesh_id FROM mesh), printf('q%d', i), '', 0, 0, 5 FROM n`,
  );
  await walk.ask(alice.unix, "queueCreate", "too_many_queues", samples["queueCreate"]);
  db.exec("DELETE FROM queue");
  db.close();
}

/** The real broker's part of it; refusals are got in local-membership.ts. */
async function walkInvites(walk: Walk, alice: Reached): Promise<void> {
  const made = await walk.ask(alice.unix, "inviteCreate", 201, { body: { uses: 2, expires_in_s: 60, role: "guest" } });
  await walk.ask(alice.unix, "inviteCreate", "invalid_field", { body: { address: "elsewhere.example:1" } });
  await walk.ask(alice.unix, "inviteList", 200);
  await walk.ask(alice.unix, "inviteRevoke", 200, { params: { id: String(made.json["invite_id"]) } });
}

async function walkSendRefusals(walk: Walk, alice: Target): Promise<void> {
  const refused = (code: Expected, changes: object, headers: Readonly<Record<string, string>> = {}) =>
    walk.ask(alice, "send", code, { body: { to: "@bob", message: "hello", ...changes }, headers });
  await refused("invalid_id", { client_message_id: "two words" });
  await refused("id_conflict_header_body", { client_message_id: "a" }, { "idempotency-key": "b" });
  await refused("invalid_destination", { to: "bob" });
  await refused("control_character", { to: "@bob\u0000" });
  await refused("meta_too_large", { meta: { text: "x".repeat(9_000) } });
  const meant = await refused("unknown_destination", { to: "@bop" });
  assert.deepEqual(meant.json["suggestions"], ["@bob"]);
  await refused("missing_field", { message: undefined });
  await refused("file_gone", { attachments: [{ file_id: "0".repeat(64), name: "a" }] });
  await refused("invalid_field", { body: "aGk" });
  await refused("body_too_large", { message: "x".repeat(limits.inlineBytes + 1) });
  const misspelt = await refused("unknown_field", { text: "hi" });
  assert.equal(misspelt.json["suggestion"], "message");
}
