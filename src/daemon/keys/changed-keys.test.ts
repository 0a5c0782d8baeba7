import assert from "node:assert/strict";
import { test } from "node:test";
import { signKeyProof } from "../../protocol/membership/entry.ts";
import { currentKeys } from "../../protocol/membership/state.ts";
import { createKeypair } from "../identity/keypair.ts";
import type { LinkRequest } from "../parts.ts";
import { keyMesh, meshId, ops } from "./key-mesh.fixture.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

test("a key of a topic that is made while its maker's own keys change is signed by those of the membership that it names", async (t) => {
  const mesh = keyMesh(t);
  const bob = await mesh.member("bob");
  await bob.follow();
  const folder = mkdtempSync(join(tmpdir(), "cm-changed-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const next = createKeypair(folder, 0);
  const pair = { ed25519_pubkey: next.ed25519PublicKey, x25519_pubkey: next.x25519PublicKey };
  const keys = signKeyProof(meshId, bob.person.memberId, pair, next.signingKey);
  const inUse = () => {
    const member = bob.membership.state()?.members.get(bob.person.memberId) ?? assert.fail();
    return currentKeys(member).keyId === next.keyId ? next : bob.keypair;
  };
  let changed = false;
  const request: LinkRequest = async (frame) => {
    if (frame.type.startsWith("membership")) return mesh.chain.request(frame);
    const answer = await mesh.keys.request(bob.person.memberId, frame);
    if (frame.type === "topic_members" && !changed) {
      changed = true;
      mesh.chain.append(bob.person, { kind: "rotate", keys });
      await bob.membership.follow((asked) => mesh.chain.request(asked));
    }
    return structuredClone(answer);
  };
  bob.restart({
    request,
    identity: {
      memberId: bob.person.memberId,
      sealingSecret: bob.keypair.sealingSecret,
      get keyId() {
        return inUse().keyId;
      },
      get signingKey() {
        return inUse().signingKey;
      },
    },
    ownKeys: () => [next, bob.keypair].map((one) => ({ publicKey: one.x25519PublicKey, key: one.x25519Key })),
  });
  await bob.ready(ops);
  assert.equal(changed, true);
  const envelope = bob.seal(ops, "sealed by it");
  await mesh.owner.follow();
  assert.equal(mesh.owner.reads(envelope), "sealed by it");
});
