import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { publicApi, publicRoutes } from "../../src/broker/http/public-routes.ts";
import { connectPeer, type Identity, newIdentity, type Peer } from "../../src/broker/testing/peer.ts";
import { httpCall } from "../../src/http/http-call.fixture.ts";
import { type Admission, signAdmission } from "../../src/protocol/admission.ts";
import { limits } from "../../src/protocol/limits.ts";
import { privateKeyFromSeed, publicKeyHexOf } from "../../src/protocol/signing.ts";
import { blobAsked, blobIds, blobSamples, memberAt, walkBlobs, withConfig } from "../support/api-walk/blob-caller.ts";
import { directIds, directSamples, walkDirect } from "../support/api-walk/direct-caller.ts";
import { type Ground, walkCrowd, walkForms } from "../support/api-walk/forms.ts";
import { rawAnswer } from "../support/api-walk/pipelined.ts";
import { walkUnforeseen } from "../support/api-walk/planted.ts";
import { type Asked, openWalk } from "../support/api-walk/walk.ts";
import { onEnd } from "../support/on-end.ts";
import { type BrokerProcess, brokerProcess } from "../support/program-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

const nonce = `nonce=${"n".repeat(43)}`;
const walk = openWalk("broker");

test("the broker's public port answers and refuses as its description says, every code of every route", async (t) => {
  const broker = await brokerProcess(t, join(tempFolder(t), "broker"));
  const mesh = await ownedMesh(t, broker);
  const direct = await directSamples(broker, mesh);
  const ground: Ground = {
    plain: broker.open,
    tcp: null,
    samples: {
      ...direct,
      ...blobSamples({ broker, meshId: mesh.meshId, member: mesh.ownerIdentity }),
      broker: { query: nonce },
      join: { params: { mesh_id: mesh.meshId }, body: mesh.admission("sample", await mesh.invite()) },
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
  await walk.ask(broker.open, "join", "unsupported_media_type", {
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
  await walkBlobs(walk, { broker, meshId: mesh.meshId, member: mesh.ownerIdentity }, newIdentity());
  await walkStop(broker, mesh.owner, direct.messageSend);
});

test("a broker whose file was damaged under it says so, and is no more ready", async (t) => {
  const broker = await brokerProcess(t, join(tempFolder(t), "broker"));
  const mesh = await ownedMesh(t, broker);
  const body = mesh.admission("bob", await mesh.invite());
  const asked = { params: { mesh_id: mesh.meshId }, body };
  await walk.ask(broker.open, "join", 201, asked);
  const direct = await directSamples(broker, mesh);
  mesh.tamper("ALTER TABLE api_key RENAME TO away");
  for (const id of directIds) await walk.ask(broker.open, id, "store_unavailable", direct[id]);
  mesh.tamper("ALTER TABLE away RENAME TO api_key");
  const blobs = blobSamples({ broker, meshId: mesh.meshId, member: mesh.ownerIdentity });
  mesh.tamper("ALTER TABLE blob RENAME TO away");
  for (const id of blobIds)
    await walk.ask(broker.open, id, id === "blobGetHead" ? 503 : "store_unavailable", blobs[id]);
  mesh.tamper("ALTER TABLE away RENAME TO blob");
  mesh.tamper("UPDATE member SET agents = '{'");
  await walk.ask(broker.open, "join", "internal", asked);
  mesh.tamper("DROP TABLE mesh; DROP TABLE schema_migration");
  await walk.ask(broker.open, "join", "store_unavailable", asked);
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

interface OwnedMesh {
  readonly meshId: string;
  readonly owner: Peer;
  readonly ownerIdentity: Identity;
  /** Makes an invite for one member; resolves with its secret. */
  invite(): Promise<Uint8Array>;
  admission(name: string, seed: Uint8Array): Admission;
  /** Changes the broker's file from outside. */
  tamper(sql: string): void;
}

async function ownedMesh(t: TestContext, broker: BrokerProcess): Promise<OwnedMesh> {
  const { json } = await httpCall(broker.admin, "POST", "/v1/meshes", { body: { slug: "team" } });
  const meshId = String(json["mesh_id"]);
  const identity = newIdentity();
  const member = { member_id: identity.memberId, name: "owner", role: "owner" };
  assert.equal((await httpCall(broker.admin, "POST", `/v1/meshes/${meshId}/members`, { body: member })).status, 200);
  const owner = await connectPeer({ url: broker.url, meshId, identity });
  onEnd(t, () => owner.close());
  const store = new DatabaseSync(join(broker.dataDir, "broker.db"), { enableForeignKeyConstraints: false });
  onEnd(t, () => store.close());
  return {
    meshId,
    owner,
    ownerIdentity: identity,
    async invite() {
      const seed = randomBytes(32);
      const invite_id = publicKeyHexOf(privateKeyFromSeed(seed));
      const form = { role: "member", uses: 1, expires_in_ms: 60_000, authority: null } as const;
      await owner.request<"invite_create">({ type: "invite_create", invite_id, ...form });
      return seed;
    },
    admission(name, seed) {
      const { memberId, privateKey } = newIdentity();
      return signAdmission(
        { mesh_id: meshId, broker_key: broker.key },
        { inviteSeed: seed, memberId, memberKey: privateKey },
        { x25519_pubkey: "cd".repeat(32), name },
      );
    },
    tamper: (sql) => store.exec(sql),
  };
}

async function walkJoining(broker: BrokerProcess, mesh: OwnedMesh): Promise<void> {
  const params = { mesh_id: mesh.meshId };
  const join = (expected: number | string, body: unknown, to = params) =>
    walk.ask(broker.open, "join", expected, { params: to, body });
  const seed = await mesh.invite();
  const bob = mesh.admission("bob", seed);
  await join("auth_failed", { ...bob, name: "carol" });
  await join("invite_unknown", mesh.admission("bob", randomBytes(32)));
  await join("invalid_destination", mesh.admission("no name", seed));
  await join("already_exists", mesh.admission("owner", seed));
  await join(201, bob);
  await join(200, bob);
  await join("invite_used", mesh.admission("carol", seed));
  mesh.tamper(`UPDATE member SET status = 'revoked' WHERE member_id = '${bob.member_id}'`);
  await join("not_a_member", bob);
  const late = mesh.admission("carol", await mesh.invite());
  mesh.tamper(`UPDATE invite SET expires_at = 1 WHERE invite_id = '${late.invite_id}'`);
  await join("invite_expired", late);
  const revoked = mesh.admission("carol", await mesh.invite());
  await mesh.owner.request<"invite_revoke">({ type: "invite_revoke", invite_id: revoked.invite_id });
  await join("invite_revoked", revoked);
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
