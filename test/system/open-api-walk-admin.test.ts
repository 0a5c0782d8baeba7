import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { adminApi, adminRoutes } from "../../src/broker/http/admin-routes.ts";
import { defaultBrokerLimits } from "../../src/broker/broker-limits.ts";
import { beginChainOf } from "../../src/broker/testing/chain.ts";
import { newIdentity } from "../../src/broker/testing/peer.ts";
import { limits } from "../../src/protocol/limits.ts";
import { httpCall, type Target } from "../../src/http/http-call.fixture.ts";
import { type Ground, walkCrowd, walkForms } from "../support/api-walk/forms.ts";
import { walkUnforeseen } from "../support/api-walk/planted.ts";
import { nowText, walkEntries, type WrittenMesh } from "../support/api-walk/membership.ts";
import { openWalk, type Walk } from "../support/api-walk/walk.ts";
import { brokerProcess } from "../support/program-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

const memberId = "ab".repeat(32);

test("the broker's admin socket answers and refuses as its description says, every code of every route", async (t) => {
  const walk = openWalk("broker-admin");
  const broker = await brokerProcess(t, join(tempFolder(t), "broker"));
  const { admin } = broker;
  const made = await walk.ask(admin, "meshCreate", 200, { body: { slug: "team" } });
  const member = { mesh_id: String(made.json["mesh_id"]) };
  const { json } = await walk.ask(admin, "meshCreate", 200, { body: { slug: "sealed" } });
  const sealed = writtenMesh(walk, admin, String(json["mesh_id"]));
  await sealed.handIn(sealed.chain.entries);
  const ground: Ground = {
    plain: admin,
    tcp: null,
    samples: {
      upkeep: { params: { job: "check" } },
      meshCreate: { body: { slug: "team" } },
      memberAdd: { params: member, body: { member_id: memberId, name: "alice" } },
      membershipRead: { params: member },
      membershipAppend: { params: { mesh_id: sealed.meshId }, body: { entries: sealed.chain.entries.slice(0, 1) } },
      apiKeyCreate: { params: member, body: { name: "grafana", member: "alice" } },
      apiKeyList: { params: member },
      apiKeyRevoke: { params: { ...member, key_id: "0198f0a0-0000-7000-8000-000000000009" } },
    },
    bodyBytesMax: defaultBrokerLimits.membershipBodyBytesMax,
  };

  await walk.ask(admin, "status", 200);
  await walk.ask(admin, "ready", 200);
  await walk.ask(admin, "meshList", 200);
  await walk.ask(admin, "memberAdd", 200, {
    params: member,
    body: { member_id: memberId, name: "alice", role: "guest" },
  });
  const key = await walk.ask(admin, "apiKeyCreate", 201, {
    params: member,
    body: {
      name: "grafana",
      member: "@alice",
      scopes: ["send", "read"],
      destinations: ["#alerts", "queue:work"],
      expires_in_s: 60,
    },
  });
  await walk.ask(admin, "apiKeyList", 200, { params: member });
  const revoked = { params: { ...member, key_id: String(key.json["key_id"]) } };
  for (let times = 0; times < 2; times += 1) await walk.ask(admin, "apiKeyRevoke", 200, revoked);
  for (const job of ["retention", "dedupe", "check", "mentions"])
    await walk.ask(admin, "upkeep", 200, { params: { job }, body: { dry_run: true } });
  await walk.ask(admin, "upkeep", 200, { params: { job: "check" } });
  assert.deepEqual(
    (await walk.ask(admin, "openApi", 200)).json,
    walk.api.document,
    "the served one is the checked-in one",
  );

  for (const query of ["", "after=0"])
    await walk.ask(admin, "membershipRead", 200, { params: { mesh_id: sealed.meshId }, query });
  await walk.ask(admin, "memberAdd", "mesh_sealed", {
    params: { mesh_id: sealed.meshId },
    body: ground.samples["memberAdd"]?.body,
  });
  await walkEntries(walk, admin, "membershipAppend", sealed);

  await walkForms(walk, ground);
  await walk.ask(admin, "upkeep", "not_found", { params: { job: "vacuum" } });
  await walk.ask(admin, "meshCreate", "invalid_destination", { body: { slug: "not a name" } });
  await walk.ask(admin, "memberAdd", "not_found", {
    params: { mesh_id: "none" },
    body: ground.samples["memberAdd"]?.body,
  });
  const other = "cd".repeat(32);
  const add = (name: string) => ({ params: member, body: { member_id: other, name } });
  await walk.ask(admin, "memberAdd", "invalid_destination", add("not a name"));
  await walk.ask(admin, "memberAdd", "already_exists", add("ALICE"));
  const refusedKey = (code: string, changes: object, params = member) =>
    walk.ask(admin, "apiKeyCreate", code, { params, body: { name: "grafana", member: "alice", ...changes } });
  await refusedKey("invalid_destination", { destinations: ["alerts"] });
  await refusedKey("invalid_destination", { destinations: ["@alice"] });
  await refusedKey("not_a_member", { member: "nobody" });
  await refusedKey("invalid_field", { member: undefined });
  await refusedKey("invalid_field", { scopes: [] });
  await refusedKey("invalid_field", { destinations: [] });
  await refusedKey("invalid_field", { name: "not a name" });
  await refusedKey("not_found", {}, { mesh_id: "none" });
  await walk.ask(admin, "apiKeyList", "not_found", { params: { mesh_id: "none" } });
  await walk.ask(admin, "apiKeyRevoke", "not_found", ground.samples["apiKeyRevoke"]);
  await walk.ask(admin, "apiKeyRevoke", "not_found", { params: { ...member, key_id: "none" } });
  await walkCrowd(walk, ground, {
    places: 64,
    filler: { method: "GET", path: "/v1/status" },
    code: adminApi.busyCode,
  });

  await walkUnforeseen(t, walk, ground, {
    api: adminApi,
    routes: adminRoutes({} as Parameters<typeof adminRoutes>[0]),
  });
  // A member's row that only a fault, or somebody with the file open, can have left so.
  const store = new DatabaseSync(join(broker.dataDir, "broker.db"), { enableForeignKeyConstraints: false });
  t.after(() => store.close());
  store.exec(
    `INSERT INTO api_key (mesh_id, key_id, key_hash, member_id, name, scopes, created_at, expires_at)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${limits.apiKeysOpenMax})
     SELECT (SELECT mesh_id FROM mesh WHERE slug = 'team'), printf('%d', i), CAST(printf('%032d', i) AS BLOB), '', '', '[]', 0, 9000000000000 FROM n`,
  );
  await refusedKey("too_many_api_keys", {});
  store.exec("UPDATE member SET agents = '{'");
  await walk.ask(admin, "memberAdd", "internal", ground.samples["memberAdd"]);
  store.exec("DROP TABLE mesh; DROP TABLE schema_migration");
  for (const id of [
    "ready",
    "meshList",
    "meshCreate",
    "memberAdd",
    "membershipRead",
    "membershipAppend",
    "apiKeyCreate",
    "apiKeyList",
    "apiKeyRevoke",
    "upkeep",
  ])
    await walk.ask(admin, id, "store_unavailable", ground.samples[id]);
  await walk.ask(admin, "shutdown", 202);
  assert.equal((await broker.ended).code, 0);
  await assert.rejects(httpCall(admin, "GET", "/v1/status"));
  walk.finish();
});

function writtenMesh(walk: Walk, admin: Target, meshId: string): WrittenMesh {
  const owner = newIdentity();
  return {
    meshId,
    owner,
    chain: beginChainOf(meshId, owner, nowText()),
    async handIn(entries) {
      await walk.ask(admin, "membershipAppend", 200, { params: { mesh_id: meshId }, body: { entries } });
    },
  };
}
