import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { publicApi, publicRoutes } from "../../src/broker/http/public-routes.ts";
import { type Identity, newIdentity, type Peer } from "../../src/broker/testing/peer.ts";
import { httpCall } from "../../src/http/http-call.fixture.ts";
import { newMemberOf } from "../../src/broker/testing/chain.ts";
import { type MembershipRead, signMembershipRead } from "../../src/protocol/admission.ts";
import type { MembershipEntry } from "../../src/protocol/membership/entry.ts";
import { limits } from "../../src/protocol/limits.ts";
import { blobAsked, blobIds, blobSamples, memberAt, walkBlobs, withConfig } from "../support/api-walk/blob-caller.ts";
import { directIds, directSamples, walkDirect } from "../support/api-walk/direct-caller.ts";
import { type Ground, walkCrowd, walkForms } from "../support/api-walk/forms.ts";
import { inviteOf, joinOf, nowText, walkEntries, written } from "../support/api-walk/membership.ts";
import { type OwnedMesh, ownedMesh } from "../support/api-walk/owned-mesh.ts";
import { rawAnswer } from "../support/api-walk/pipelined.ts";
import { walkUnforeseen } from "../support/api-walk/planted.ts";
import { type Asked, openWalk } from "../support/api-walk/walk.ts";
import { type BrokerProcess, brokerProcess } from "../support/program-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

const nonce = `nonce=${"n".repeat(43)}`;
const walk = openWalk("broker");

test("the broker's public port answers and refuses as its description says, every code of every route", async (t) => {
  const broker = await brokerProcess(t, join(tempFolder(t), "broker"));
  const mesh = await ownedMesh(t, broker);
  const direct = await directSamples(broker, mesh);
  const key = await inviteOf(mesh);
  const ground: Ground = {
    plain: broker.open,
    tcp: null,
    samples: {
      ...direct,
      ...blobSamples({ broker, meshId: mesh.meshId, member: mesh.owner }),
      broker: { query: nonce },
      join: { params: { mesh_id: mesh.meshId }, body: { entries: [joinOf(mesh, key, "sample")] } },
      membershipRead: { params: { mesh_id: mesh.meshId }, body: readOf(broker, mesh, key) },
    },
    bodyBytesMax: limits.blobBytesMax,
  };

  for (const id of ["healthz", "readyz", "metrics"])
    for (const one of [id, `${id}Head`]) await walk.ask(broker.open, one, 200, { query: "probe=1" });
  await walk.ask(broker.open, "broker", 200, { query: nonce });
  assert.deepEqual(
    (await walk.ask(broker.open, "openApi", 200)).json,
    walk.api.document,
    "the served one is the checked-in one",
  );

  await walkForms(walk, ground);
  for (const id of ["join", "membershipRead"])
    await walk.ask(broker.open, id, "unsupported_media_type", {
      params: { mesh_id: mesh.meshId },
      body: "{}",
      headers: { "content-type": "text/plain" },
    });
  await walk.ask(broker.open, "broker", "host_forbidden", { query: nonce, headers: { host: "elsewhere.example" } });
  const nameless = await rawAnswer(broker.open, `GET /v1/broker?${nonce} HTTP/1.0\r\n\r\n`);
  walk.saw("broker", "missing_field", nameless);
  await walkCrowd(walk, ground, {
    places: 256,
    filler: { method: "GET", path: "/healthz" },
    code: publicApi.busyCode,
  });
  await walkUnforeseen(t, walk, ground, {
    api: publicApi,
    routes: publicRoutes({} as Parameters<typeof publicRoutes>[0]),
  });
  await walkJoining(broker, mesh);
  await walkDirect(walk, broker, mesh, direct);
  await walkBlobs(walk, { broker, meshId: mesh.meshId, member: mesh.owner }, newIdentity());
  await walkStop(broker, mesh.ownerLink, direct.messageSend);
});

test("a broker whose file was damaged under it says so, and is no more ready", async (t) => {
  const broker = await brokerProcess(t, join(tempFolder(t), "broker"));
  const mesh = await ownedMesh(t, broker);
  const key = await inviteOf(mesh);
  const params = { mesh_id: mesh.meshId };
  const asked = { params, body: { entries: [joined(mesh, key, "bob")] } };
  await walk.ask(broker.open, "join", 201, asked);
  const read = { params, body: readOf(broker, mesh, key) };
  const direct = await directSamples(broker, mesh);
  mesh.tamper("ALTER TABLE api_key RENAME TO away");
  for (const id of directIds) await walk.ask(broker.open, id, "store_unavailable", direct[id]);
  mesh.tamper("ALTER TABLE away RENAME TO api_key");
  const blobs = blobSamples({ broker, meshId: mesh.meshId, member: mesh.owner });
  mesh.tamper("ALTER TABLE blob RENAME TO away");
  for (const id of blobIds)
    await walk.ask(broker.open, id, id === "blobGetHead" ? 503 : "store_unavailable", blobs[id]);
  mesh.tamper("ALTER TABLE away RENAME TO blob");
  mesh.tamper("DROP TABLE mesh; DROP TABLE schema_migration");
  await walk.ask(broker.open, "join", "store_unavailable", asked);
  await walk.ask(broker.open, "membershipRead", "store_unavailable", read);
  await walk.ask(broker.open, "readyz", "store_unavailable");
  await walk.ask(broker.open, "readyzHead", 503);
  await walk.ask(broker.open, "healthz", 200);
});

test("a broker without a place for files says so, and one whose place is full", async (t) => {
  const folder = tempFolder(t);
  const none = await brokerProcess(t, withConfig(join(folder, "none"), '[files]\nstore = "none"\n'));
  const nowhere = blobSamples(await memberAt(none, newIdentity()));
  for (const id of blobIds)
    await walk.ask(none.open, id, id === "blobGetHead" ? 400 : "feature_unavailable", nowhere[id]);
  const small = await brokerProcess(t, withConfig(join(folder, "small"), "[files]\nmesh_bytes_max = 1048576\n"));
  const caller = await memberAt(small, newIdentity());
  const bytes = randomBytes(limits.blobBytesMax);
  await walk.ask(small.open, "blobPut", "files_full", blobAsked(caller, "blobPut", bytes));
});

test("nothing is described that was not seen", () => walk.finish());

function readOf(broker: BrokerProcess, { meshId }: OwnedMesh, key: Identity): MembershipRead {
  const place = { mesh_id: meshId, broker_key: broker.key };
  return signMembershipRead(place, key.privateKey, { after: -1, at: nowText() });
}

/** A join that the test's copy of the chain takes too. */
function joined({ chain, meshId }: OwnedMesh, key: Identity, name: string): MembershipEntry {
  return chain.join(key, newMemberOf(meshId, newIdentity(), name), nowText());
}

async function walkJoining(broker: BrokerProcess, mesh: OwnedMesh): Promise<void> {
  const params = { mesh_id: mesh.meshId };
  const read = (expected: number | string, body: MembershipRead) =>
    walk.ask(broker.open, "membershipRead", expected, { params, body });
  const key = await inviteOf(mesh);
  await read(200, readOf(broker, mesh, key));
  await read("auth_failed", { ...readOf(broker, mesh, key), after: 0 });
  await read("invite_unknown", readOf(broker, mesh, newIdentity()));
  const asked = {
    params,
    body: { entries: [joined(mesh, key, "bob")] },
  };
  await walk.ask(broker.open, "join", 201, asked);
  await walk.ask(broker.open, "join", 200, asked);
  const revoked = await inviteOf(mesh);
  await written(mesh, { kind: "invite_revoke", invite_id: revoked.memberId });
  await read("invite_revoked", readOf(broker, mesh, revoked));
  await walkEntries(walk, broker.open, "join", mesh);
}

/** While a link does not hear that it is to close, the broker waits for it, and is not ready meanwhile. */
async function walkStop(broker: BrokerProcess, deaf: Peer, send: Asked): Promise<void> {
  deaf.socket.pause();
  assert.equal((await httpCall(broker.admin, "POST", "/v1/shutdown", { body: {} })).status, 202);
  for (;;) {
    const answer = await httpCall(broker.open, "GET", "/readyz");
    if (answer.status === 200) continue;
    walk.saw("readyz", "stopping", answer);
    break;
  }
  await walk.ask(broker.open, "readyzHead", 503);
  await walk.ask(broker.open, "messageSend", "stopping", send);
  deaf.socket.resume();
  assert.equal((await broker.ended).code, 0);
}
