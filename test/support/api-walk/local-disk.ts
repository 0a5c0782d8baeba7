import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import { exitCodes } from "../../../src/bin/exit-codes.ts";
import { foundedMember } from "../../../src/daemon/membership/founded-member.fixture.ts";
import { httpCall } from "../../../src/http/http-call.fixture.ts";
import { daemonProcess } from "../program-process.ts";
import { tempFolder } from "../temp-folder.ts";
import { type Reached, samples } from "./local-pair.ts";
import type { Asked, Walk } from "./walk.ts";

/** A member whose broker has never been there. */
export function lonelyMember(t: TestContext, settings = ""): string {
  const dir = join(tempFolder(t), "local");
  const mesh = {
    mesh_id: "0198f0a0-0000-7000-8000-000000000001",
    slug: "local",
    member_name: "alice",
    broker_url: "ws://127.0.0.1:9/v1/link",
    broker_key: "ab".repeat(32),
    certificate_print: null,
  };
  mkdirSync(dir, { mode: 0o700 });
  foundedMember(dir, mesh, 0);
  writeFileSync(join(dir, "config.toml"), settings);
  return dir;
}

const toSelf = (changes: object = {}): Asked => ({ body: { to: "@alice", message: "hello", ...changes } });

/** A daemon that has never reached its broker, and whose outbox may hold little. */
export async function walkLonely(t: TestContext, walk: Walk): Promise<void> {
  const dir = lonelyMember(t, "[outbox]\ndisk_bytes_max = 1000000\n");
  const { unix } = await daemonProcess(t, dir);
  await walk.ask(unix, "health", 200);
  await walk.ask(unix, "tokenRotate", 200);
  await walk.ask(unix, "send", "directory_unavailable", { body: { to: "@bob", message: "hello" } });
  await walk.ask(unix, "inboxList", "directory_unavailable", { query: "from=@bob" });
  await walk.ask(unix, "history", "directory_unavailable", { query: "address=@bob" });
  for (const id of ["fileList", "fileTake"])
    await walk.ask(unix, id, "directory_unavailable", { ...samples["fileTake"], query: "history_id=1&address=@bob" });
  for (const id of ["topicList", "topicPolicy"]) await walk.ask(unix, id, "directory_unavailable", samples[id]);
  await walk.ask(unix, "agentPut", 200, samples["agentPut"]);
  await walk.ask(unix, "agentTopicAdd", "directory_unavailable", samples["agentTopicAdd"]);
  for (const id of ["senderPolicyPut", "senderPolicyDrop"])
    await walk.ask(unix, id, "directory_unavailable", samples[id]);
  for (const id of linkOperations) await walk.ask(unix, id, "broker_unreachable", samples[id]);

  for (const id of ["one", "two", "three"]) await walk.ask(unix, "send", 202, toSelf({ client_message_id: id }));
  const row = { params: { row: "1" } };
  const requeue = (code: string, body: object) => walk.ask(unix, "outboxRequeue", code, { ...row, body });
  await requeue("already_exists", { new_id: "two" });
  await requeue("invalid_id", { new_id: "two words" });
  await requeue("control_character", { patch: { message: "a", content_type: "text/\u0000plain" } });
  await requeue("meta_too_large", { patch: { meta: { text: "x".repeat(9_000) } } });
  await requeue("unknown_field", { patch: { to: "@bob" } });
  await walk.ask(unix, "outboxRequeue", 200, { ...row, body: { new_id: "four", patch: { priority: "now" } } });
  await walk.ask(unix, "outboxDrop", 200, { params: { row: "2" }, body: { force: true } });
  const gone = await walk.ask(unix, "send", "idempotency_key_reused", toSelf({ client_message_id: "two" }));
  assert.equal(gone.json["conflict"], "outbox_aborted_fingerprint_match");
  await walk.ask(unix, "outboxRow", 200, row);

  const other = new DatabaseSync(join(dir, "outbox.db"));
  other.exec("BEGIN IMMEDIATE");
  await walk.ask(unix, "outboxRequeue", "store_unavailable", { params: { row: "3" }, body: {} });
  await walk.ask(unix, "outboxDrop", "store_unavailable", { params: { row: "3" }, body: { force: true } });
  other.close();

  const large = { to: "@alice", message: "x".repeat(60_000) };
  while ((await httpCall(unix, "POST", "/v1/send", { body: large })).status === 202);
  await walk.ask(unix, "send", "outbox_full", { body: large });
  await walk.ask(unix, "outboxRequeue", "outbox_full", { params: { row: "3" }, body: {} });
}

/** While another program writes to a database, nothing is stored and nobody is told that it was. */
export async function walkLocked(walk: Walk, daemon: Reached, inboxId: string): Promise<void> {
  for (const [file, id, asked] of [
    ["outbox.db", "send", toSelf()],
    ["inbox.db", "inboxMarkRead", { params: { id: inboxId } }],
  ] as const) {
    const other = new DatabaseSync(join(daemon.dir, file));
    other.exec("BEGIN IMMEDIATE");
    await walk.ask(daemon.unix, id, "store_unavailable", asked);
    other.close();
  }
}

/** Databases that another program has spoilt while the daemon had them open. */
export async function walkSpoilt(t: TestContext, walk: Walk): Promise<void> {
  const dir = lonelyMember(t);
  const { unix } = await daemonProcess(t, dir);
  spoil(join(dir, "inbox.db"), "INSERT INTO fact (name, value) VALUES ('directory', '{')");
  for (const id of ["members", "topicList"]) await walk.ask(unix, id, "internal");
  await walk.ask(unix, "history", "internal", { query: "address=@bob" });
  spoil(join(dir, "outbox.db"), "DROP TABLE outbox");
  for (const id of ["message", "outboxList", "outboxRow", "outboxRequeue", "outboxDrop", "metrics"])
    await walk.ask(unix, id, "internal", samples[id]);
  await walk.ask(unix, "send", "internal", { body: { to: "@bob", message: "hello" } });
  spoil(join(dir, "inbox.db"), "DROP TABLE inbox; DROP TABLE event; DROP TABLE undecryptable");
  for (const id of [
    "inboxList",
    "inboxSearch",
    "inboxUndecryptable",
    "inboxItem",
    "inboxMarkRead",
    "mentions",
    "events",
  ])
    await walk.ask(unix, id, "internal", samples[id]);
}

function spoil(path: string, sql: string): void {
  const other = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  other.exec(sql);
  other.close();
}

/** A disk that fails in the middle of a commit, once for each request that writes: the daemon ends by it. */
export async function walkFailingDisk(t: TestContext, walk: Walk): Promise<void> {
  const which = toSelf({ client_message_id: "which" });
  const answer = await failingDisk(t, walk, "send", which);
  assert.equal(answer.json["client_message_id"], "which");
  const row = { params: { row: "1" } };
  assert.equal((await failingDisk(t, walk, "outboxRequeue", { ...row, body: {} })).json["outbox_id"], 1);
  assert.equal((await failingDisk(t, walk, "outboxDrop", { ...row, body: { force: true } })).json["outbox_id"], 1);
}

/** Here a file that may not grow, which SQLite cannot tell from a disk that fails. */
async function failingDisk(t: TestContext, walk: Walk, id: string, asked: Asked): ReturnType<Walk["ask"]> {
  const dir = lonelyMember(t);
  const daemon = await daemonProcess(t, dir);
  await walk.ask(daemon.unix, "send", 202, toSelf());
  const bytes = statSync(join(dir, "outbox.db-wal")).size;
  const limited = spawn("prlimit", [`--pid=${daemon.pid}`, `--fsize=${bytes}`], { stdio: "inherit" });
  assert.equal(await new Promise((resolve) => limited.once("close", resolve)), 0, "prlimit of util-linux");
  const answer = await walk.ask(daemon.unix, id, "outcome_unknown", asked);
  assert.equal((await daemon.ended).code, exitCodes.store_failed);
  return answer;
}

/** Operations that ask the broker while the caller waits. */
const linkOperations = [
  "topicCreate",
  "topicSubscribe",
  "topicUnsubscribe",
  "topicMembers",
  "brokerMentions",
  "history",
  "fileList",
  "fileTake",
  ...["List", "Create", "Show", "Delete", "Dead", "Requeue", "Claim", "Ack", "Nack", "Extend"].map(
    (of) => `queue${of}`,
  ),
];
