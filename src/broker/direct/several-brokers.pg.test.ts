import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiKeyMade } from "../../protocol/direct-api.ts";
import { postgresStoreAt } from "../store/postgres/open-store.fixture.ts";
import { sharedPostgres } from "../testing/postgres-server.ts";
import { brokerFixture, call } from "../testing/fixture.ts";
import { sealMesh } from "../testing/sealed-mesh.ts";

const server = sharedPostgres();

test("of brokers over one database each takes what another one's key, topic and id are, and a key that was revoked at one opens none", async (t) => {
  const url = await (await server()).createDatabase();
  const first = await brokerFixture(t, { store: postgresStoreAt(url) });
  const second = await brokerFixture(t, { store: postgresStoreAt(url) });
  const mesh = `/v1/meshes/${first.meshId}`;
  assert.equal(second.meshId, first.meshId);
  const { owner, add } = await sealMesh(first);
  await add(owner, { kind: "policy", destination: "#all", unsealed: true });
  const form = { name: "test", scopes: ["send", "read"] };
  const { key, key_id } = (await first.admin("POST", `${mesh}/api_keys`, form)).json as unknown as ApiKeyMade;
  const ask = (at: typeof first, method: string, path: string, body?: unknown) => {
    const { hostname, port } = new URL(at.broker.url);
    return call({ host: hostname, port: Number(port) }, method, `${mesh}${path}`, body, {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    });
  };
  const message = { to: "#all", message: "disk is full", client_message_id: "disk-1", mentions: ["@owner"] };
  const both = await Promise.all([first, second].map((at) => ask(at, "POST", "/messages", message)));
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 201], both.map(({ text }) => text).join());
  assert.equal(new Set(both.map(({ json }) => json["broker_message_id"])).size, 1);
  for (const at of [first, second]) {
    assert.equal((await ask(at, "GET", "/messages/disk-1")).json["history_id"], 1);
    assert.equal(((await ask(at, "GET", "/mentions")).json["items"] as unknown[]).length, 1);
  }
  await add(owner, { kind: "policy", destination: "#all", unsealed: false });
  const late = await ask(second, "POST", "/messages", { ...message, client_message_id: "disk-2" });
  assert.equal(late.json["code"], "unsealed_body");
  assert.equal((await ask(second, "POST", "/messages", message)).status, 200);
  await first.admin("POST", `${mesh}/api_keys/${key_id}/revoke`, {});
  for (const at of [first, second]) assert.equal((await ask(at, "GET", "/members")).status, 401);
});
