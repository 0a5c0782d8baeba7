import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { ApiKeyMade } from "../../protocol/direct-api.ts";
import type { BrokerOptions } from "../broker.ts";
import { brokerFixture, call, type Fixture } from "../testing/fixture.ts";
import type { Identity, Peer } from "../testing/peer.ts";
import { sealMesh, type SealedMesh } from "../testing/sealed-mesh.ts";

type Answer = Awaited<ReturnType<typeof call>>;

/** A broker with an owner, who has opened #alerts for unsealed messages, and a member bob in that topic. */
export interface DirectFixture extends Fixture {
  readonly owner: Identity;
  readonly ownerLink: Peer;
  readonly bob: Identity;
  readonly bobLink: Peer;
  readonly mesh: SealedMesh;
  /** By the owner's word: `#name` or `queue:name`. */
  setUnsealed(destination: string, unsealed: boolean): Promise<void>;
  apiKey(request?: Readonly<Record<string, unknown>>): Promise<ApiKeyMade>;
  /** One request with a key; `path` below the mesh. */
  ask(
    key: string | null,
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** Sends to #alerts unless told otherwise. */
  send(key: string, body?: Readonly<Record<string, unknown>>, id?: string): Promise<Answer>;
}

export async function directFixture(t: TestContext, options: Partial<BrokerOptions> = {}): Promise<DirectFixture> {
  const fixture = await brokerFixture(t, options);
  const mesh = await sealMesh(fixture);
  const { owner, ownerLink } = mesh;
  const bob = await mesh.admit("bob");
  const bobLink = await fixture.connect(bob);
  await ownerLink.request<"topic_create">({ type: "topic_create", name: "alerts" });
  await bobLink.request<"subscribe">({ type: "subscribe", topic: "alerts" });
  const setUnsealed: DirectFixture["setUnsealed"] = async (destination, unsealed) => {
    await mesh.add(owner, { kind: "policy", destination, unsealed });
  };
  await setUnsealed("#alerts", true);
  const direct: Omit<DirectFixture, keyof Fixture> = {
    owner,
    ownerLink,
    bob,
    bobLink,
    mesh,
    setUnsealed,
    async apiKey(request = {}) {
      const path = `/v1/meshes/${fixture.meshId}/api_keys`;
      const made = await fixture.admin("POST", path, { name: "test", ...request });
      assert.equal(made.status, 201, JSON.stringify(made.json));
      return made.json as unknown as ApiKeyMade;
    },
    ask(key, method, path, body, headers = {}) {
      const { hostname, port } = new URL(fixture.broker.url);
      return call({ host: hostname, port: Number(port) }, method, `/v1/meshes/${fixture.meshId}${path}`, body, {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      });
    },
    send: (key, body = {}, id) =>
      direct.ask(
        key,
        "POST",
        "/messages",
        { to: "#alerts", message: "disk is full", ...body },
        id === undefined ? {} : { "idempotency-key": id },
      ),
  };
  // The fixture's own getters stay getters: a restart changes what they give.
  return Object.defineProperties(direct, Object.getOwnPropertyDescriptors(fixture)) as DirectFixture;
}
