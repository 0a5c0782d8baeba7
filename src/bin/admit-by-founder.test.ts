import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createKeypair, type Keypair } from "../daemon/identity/keypair.ts";
import { chainMesh, chainPerson, chainTime } from "../daemon/membership/chain.fixture.ts";
import { applyEntry, beginChain } from "../protocol/membership/apply-entry.ts";
import { nextEntry, noChain } from "../protocol/membership/chain.ts";
import { admitByFounder } from "./admit-by-founder.ts";
import { type Chain, newMemberOf } from "./mesh-chain.ts";

function keysIn(t: TestContext): Keypair {
  const dir = mkdtempSync(join(tmpdir(), "cm-admit-"));
  t.after(() => rmSync(dir, { recursive: true }));
  return createKeypair(dir, 0);
}

test("a broker whose chain is not the one that the founder has pinned gets no new member's entry, though it begins alike", async (t) => {
  const owner = keysIn(t);
  const maker = { by: owner.memberId, keyId: owner.keyId, key: owner.signingKey };
  const member = newMemberOf(chainMesh, owner, "owner");
  const create = nextEntry(noChain(chainMesh), { kind: "create", member, unsealed_through: null }, maker, chainTime);
  const withOne = (name: string): Chain => {
    const state = beginChain(create, chainMesh);
    const entry = nextEntry(
      state,
      { kind: "admit", member: chainPerson(name).member, role: "member" },
      maker,
      chainTime,
    );
    applyEntry(state, entry);
    return { entries: [create, entry], state };
  };
  const handedIn: unknown[] = [];
  const source = {
    meshId: chainMesh,
    above: async () => assert.fail("nothing is read again"),
    handIn: async (entries: readonly unknown[]) => void handedIn.push(...entries),
  };
  const pinned = withOne("bob");
  const founder = { folder: "/there", keys: owner, pinned };
  const keys = keysIn(t);
  const admit = (chain: Chain) => admitByFounder({ source, chain, keys, founder, name: "cam", role: "member" });
  await assert.rejects(admit(withOne("eve")), { code: "membership_forked" });
  assert.deepEqual(handedIn, []);
  await admit({ ...pinned, entries: [...pinned.entries] });
  assert.equal(handedIn.length, 1);
});
