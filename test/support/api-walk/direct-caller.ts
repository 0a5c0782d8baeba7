import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { newMemberOf } from "../../../src/broker/testing/chain.ts";
import { envelopeOf, newIdentity, type Peer, sealedShared } from "../../../src/broker/testing/peer.ts";
import { httpCall, type Target } from "../../../src/http/http-call.fixture.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { wireId } from "../../../src/protocol/ids.ts";
import { type WrittenMesh, written } from "./membership.ts";
import type { Asked, Expected, Walk } from "./walk.ts";

/** A mesh with a chain whose owner is linked. */
export interface DirectMesh extends WrittenMesh {
  readonly ownerLink: Peer;
}

/** Where a broker is asked: its port, and its admin socket. */
export interface DirectBroker {
  readonly open: Target;
  readonly admin: Target;
}

/** Routes that ask for an API key. */
export const directIds = ["messageSend", "messageState", "topicHistory", "mentionSearch", "memberList"] as const;

/** A right request of each, by a key that may do all of it; #alerts is open for unsealed messages. */
export async function directSamples(
  broker: DirectBroker,
  mesh: DirectMesh,
): Promise<Readonly<Record<(typeof directIds)[number], Asked>>> {
  await mesh.ownerLink.request<"topic_create">({ type: "topic_create", name: "alerts" });
  await written(mesh, { kind: "policy", destination: "#alerts", unsealed: true });
  const headers = { authorization: `Bearer ${await apiKey(broker, mesh, ["send", "read"])}` };
  const params = { mesh_id: mesh.meshId };
  return {
    messageSend: { params, headers, body: { to: "#alerts", message: "hello", client_message_id: "one" } },
    messageState: { params: { ...params, id: "one" }, headers },
    topicHistory: { params: { ...params, topic: "alerts" }, headers },
    mentionSearch: { params, headers },
    memberList: { params, headers },
  };
}

export async function apiKey(
  broker: DirectBroker,
  mesh: DirectMesh,
  scopes: readonly string[],
  member = "owner",
): Promise<string> {
  const made = await httpCall(broker.admin, "POST", `/v1/meshes/${mesh.meshId}/api_keys`, {
    body: { name: "walk", member, scopes },
  });
  assert.equal(made.status, 201, made.text);
  return String(made.json["key"]);
}

/** What callers by an API key are answered and refused. */
export async function walkDirect(
  walk: Walk,
  broker: DirectBroker,
  mesh: DirectMesh,
  samples: Awaited<ReturnType<typeof directSamples>>,
): Promise<void> {
  const { open } = broker;
  const send = (expected: Expected, changes: object, headers: Readonly<Record<string, string>> = {}) => {
    const { params = {}, body } = samples.messageSend;
    const asked = { params, headers: { ...samples.messageSend.headers, ...headers } };
    return walk.ask(open, "messageSend", expected, { ...asked, body: { ...(body as object), ...changes } });
  };
  const created = await send(201, { mentions: ["@owner"], meta: { build: 7 } });
  assert.match(String(created.headers["ratelimit-policy"]), /^"messages";q=\d+;w=\d+$/);
  await send(200, { mentions: ["@owner"], meta: { build: 7 } }, { "idempotency-key": "one" });
  const { meshId, owner, ownerLink } = mesh;
  const mentions = [owner.memberId];
  const [signed] = await ownerLink.sendItems([envelopeOf(meshId, owner, "#alerts", "", { ...sealedShared, mentions })]);
  assert.equal(signed?.status, 201);
  for (const id of directIds) if (id !== "messageSend") await walk.ask(open, id, 200, samples[id]);

  await send("idempotency_key_reused", {});
  await ownerLink.voidIds([wireId(owner.memberId, "gone")]);
  await send("id_void", { client_message_id: "gone" });
  await send("invalid_id", { client_message_id: "two words" });
  await send("id_conflict_header_body", { client_message_id: "a" }, { "idempotency-key": "b" });
  await send("invalid_destination", { to: "alerts" });
  await send("control_character", { to: "#alerts\u0000" });
  await send("meta_too_large", { meta: { text: "x".repeat(9_000) } });
  await send("unsealed_body", { to: "@owner" });
  await send("unsealed_body", { to: "#all", client_message_id: "two" });
  await send("unknown_destination", { to: "#nowhere", client_message_id: "two" });
  const meant = await send("unknown_destination", { mentions: ["@ownr"], client_message_id: "two" });
  assert.deepEqual(meant.json["suggestions"], ["@owner"]);
  await send("missing_field", { message: undefined });
  await send("invalid_field", { body: "aGk" });
  await send("body_too_large", { message: "x".repeat(limits.inlineBytes + 1), client_message_id: "two" });
  assert.equal((await send("unknown_field", { text: "hi" })).json["suggestion"], "message");

  const state = (id: string) => ({ ...samples.messageState, params: { mesh_id: meshId, id } });
  await walk.ask(open, "messageState", "not_found", state("none"));
  const history = (code: string, topic: string, query?: string) =>
    walk.ask(open, "topicHistory", code, {
      ...samples.topicHistory,
      params: { mesh_id: meshId, topic },
      ...(query === undefined ? {} : { query }),
    });
  await history("invalid_destination", "no%20name");
  await history("unknown_destination", "nowhere");
  await history("invalid_field", "alerts", "cursor=x");
  await walk.ask(open, "mentionSearch", "invalid_field", { ...samples.mentionSearch, query: "limit=0" });

  for (const id of directIds) {
    const { headers: _, ...unnamed } = samples[id];
    await walk.ask(open, id, "unauthorized", unnamed);
    const other = randomBytes(32).toString("base64url");
    const wrong = { authorization: `Bearer cmk_${meshId.replaceAll("-", "")}_${other}` };
    await walk.ask(open, id, "unauthorized", { ...unnamed, headers: wrong });
  }
  const [sends, reads] = [await apiKey(broker, mesh, ["send"]), await apiKey(broker, mesh, ["read"])];
  for (const id of directIds) {
    const narrow = { authorization: `Bearer ${id.startsWith("message") ? reads : sends}` };
    await walk.ask(open, id, "not_allowed", { ...samples[id], headers: narrow });
  }
  const lateKeys = newIdentity();
  await written(mesh, { kind: "admit", member: newMemberOf(meshId, lateKeys, "late"), role: "member" });
  const late = { authorization: `Bearer ${await apiKey(broker, mesh, ["send", "read"], "late")}` };
  for (const id of ["messageSend", "topicHistory"] as const)
    await walk.ask(open, id, "not_subscribed", { ...samples[id], headers: late });
  await written(mesh, { kind: "revoke", member_id: lateKeys.memberId, through: { epoch: 1, seq: 0 } });
  for (const id of directIds) await walk.ask(open, id, "not_a_member", { ...samples[id], headers: late });
}
