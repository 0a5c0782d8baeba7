import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import { beginChainOf } from "../../../src/broker/testing/chain.ts";
import { connectPeer, newIdentity, type Peer } from "../../../src/broker/testing/peer.ts";
import { httpCall } from "../../../src/http/http-call.fixture.ts";
import { onEnd } from "../on-end.ts";
import type { BrokerProcess } from "../program-process.ts";
import { nowText, type WrittenMesh } from "./membership.ts";

/** A mesh of a broker that runs by itself, whose owner is linked and whose file can be tampered with. */
export interface OwnedMesh extends WrittenMesh {
  readonly ownerLink: Peer;
  /** Changes the broker's file from outside. */
  tamper(sql: string): void;
}

export async function ownedMesh(t: TestContext, broker: BrokerProcess): Promise<OwnedMesh> {
  const { json } = await httpCall(broker.admin, "POST", "/v1/meshes", { body: { slug: "team" } });
  const meshId = String(json["mesh_id"]);
  const owner = newIdentity();
  const chain = beginChainOf(meshId, owner, nowText());
  const handIn: WrittenMesh["handIn"] = async (entries) => {
    const answer = await httpCall(broker.admin, "POST", `/v1/meshes/${meshId}/membership`, { body: { entries } });
    assert.equal(answer.status, 200, answer.text);
  };
  await handIn(chain.entries);
  const ownerLink = await connectPeer({ url: broker.url, meshId, identity: owner });
  onEnd(t, () => ownerLink.close());
  const store = new DatabaseSync(join(broker.dataDir, "broker.db"), { enableForeignKeyConstraints: false });
  onEnd(t, () => store.close());
  return { meshId, owner, chain, handIn, ownerLink, tamper: (sql) => store.exec(sql) };
}
