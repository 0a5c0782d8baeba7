import assert from "node:assert/strict";
import { test } from "node:test";
import { aliceKey, sealedEnvelope, signedEnvelope } from "../../protocol/envelope.fixture.ts";
import { envelopeBody } from "../../protocol/envelope-check.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import type { LogPlace } from "../../protocol/membership/entry.ts";
import type { ChainMember, MembershipState } from "../../protocol/membership/state.ts";
import { privateKeyFromSeed, publicKeyHexOf, sign, signedEnvelopeBytes } from "../../protocol/signing.ts";
import { envelopeFingerprint } from "../../protocol/fingerprint.ts";
import { createMemberKeys } from "./member-keys.ts";
import { refusedSender } from "./sender-check.ts";
import { chainMember, unsealedMesh } from "./unsealed-mesh.fixture.ts";

const alice = publicKeyHexOf(aliceKey);
const secondKey = privateKeyFromSeed(Buffer.alloc(32, 9));
const second = publicKeyHexOf(secondKey);
const bob = "b2".repeat(32);
const head = (n: number): string => n.toString(16).padStart(64, "0");
const place: LogPlace = { epoch: 1, seq: 7 };

/** A chain of ten entries in which alice is `change`d, and what it says of a message of hers. */
function judged(
  envelope: Partial<Envelope>,
  change: Partial<ChainMember> = {},
  more: {
    state?: Partial<MembershipState>;
    at?: LogPlace;
    recipient?: Partial<ChainMember>;
    signer?: typeof aliceKey;
  } = {},
): string | null {
  const draft: Envelope = {
    ...sealedEnvelope,
    sender: alice,
    key_id: alice,
    destination_ref: bob,
    membership_head: head(5),
    ...envelope,
  };
  const message = more.signer === undefined ? signedEnvelope(draft) : signedBy(draft, more.signer);
  const state = unsealedMesh(
    {},
    {
      n: 9,
      places: new Map(Array.from({ length: 10 }, (_, n) => [head(n), n])),
      members: new Map([
        [alice, chainMember(alice, "alice", { since: 2, ...change })],
        [bob, chainMember(bob, "bob", more.recipient)],
      ]),
      unsealedThrough: null,
      ...more.state,
    },
  ).membership.state();
  assert.ok(state !== null);
  const refused = refusedSender(message, envelopeBody(message), more.at ?? place, state, bob, createMemberKeys());
  return refused === null ? null : `${refused.unexplained ? "unexplained: " : ""}${refused.reason}`;
}

function signedBy(draft: Envelope, key: typeof aliceKey): Envelope {
  const body = envelopeBody(draft);
  const request_fingerprint = envelopeFingerprint(draft, body).toString("hex");
  return {
    ...draft,
    request_fingerprint,
    signature: sign(key, signedEnvelopeBytes(draft, envelopeFingerprint(draft, body, 2))),
  };
}

const topic: Partial<Envelope> = {
  destination_kind: "topic",
  destination_ref: "ops",
  algorithm: "epoch-v1",
};

test("a message is its sender's by the key that it had in the membership that the message names", () => {
  assert.equal(judged({}), null);
  assert.equal(judged({ signature: "" }, {}, { signer: secondKey }), "its signature does not hold");
  const rotated = {
    keys: [
      { keyId: alice, x25519: "", since: 2 },
      { keyId: second, x25519: "", since: 6 },
    ],
  };
  const wrongThen = "its key was not its sender's in the membership that it names";
  assert.equal(judged({ membership_head: head(5) }, rotated), null, "the earlier key, by then");
  assert.equal(judged({ membership_head: head(6) }, rotated), wrongThen, "the earlier key, after");
  assert.equal(judged({ key_id: second, membership_head: head(6) }, rotated, { signer: secondKey }), null);
  assert.equal(
    judged({ key_id: second, membership_head: head(5) }, rotated, { signer: secondKey }),
    wrongThen,
    "too early",
  );
  assert.equal(judged({ membership_head: head(1) }), wrongThen, "before it was a member");
});

test("a membership that is not known yet may explain a message later, unless its signature could never hold", () => {
  assert.match(String(judged({ membership_head: "ab".repeat(32) })), /^unexplained/);
  assert.equal(judged({ membership_head: "ab".repeat(32) }, {}, { signer: secondKey }), "its signature does not hold");
  assert.match(
    String(judged({ key_id: second, membership_head: "ab".repeat(32) }, {}, { signer: secondKey })),
    /^unexplained/,
  );
  assert.equal(judged({ membership_head: null }), "it names no membership");
  assert.equal(judged({}, {}, { state: { members: new Map() } }), "its sender is not in the membership");
});

test("who was revoked or has left is heard up to where it went, by the log and by the membership", () => {
  const gone = { status: "revoked", until: 8, through: { epoch: 1, seq: 7 } } as const;
  const late = "its sender had left the mesh, or was revoked";
  assert.equal(judged({}, gone), null);
  assert.equal(judged({}, gone, { at: { epoch: 1, seq: 8 } }), late);
  assert.equal(judged({}, gone, { at: { epoch: 2, seq: 1 } }), late);
  assert.match(String(judged({ membership_head: head(8) }, gone)), /its key was not its sender's/);
});

test("who is limited is heard where it may send, and where it might when it sealed", () => {
  const limited = { destinations: ["#plans"], destinationsSince: 6 };
  const refused = "its sender may not use this destination";
  assert.equal(judged({ ...topic, membership_head: head(6) }, limited), refused);
  assert.equal(judged({ ...topic, membership_head: head(5) }, limited), null);
  assert.equal(judged({ ...topic, destination_ref: "plans", membership_head: head(6) }, limited), null);
  assert.equal(judged({ ...topic, destination_kind: "queue", membership_head: head(6) }, limited), refused);
  assert.equal(judged({ membership_head: head(6) }, limited), null, "direct messages are the receiver's to choose");
});

test("who names whose direct messages it takes is shown no others", () => {
  assert.equal(judged({}, {}, { recipient: { dmFrom: [alice] } }), null);
  assert.equal(judged({}, {}, { recipient: { dmFrom: [] } }), "this member takes no direct messages of its sender");
  assert.equal(judged(topic, {}, { recipient: { dmFrom: [] } }), null);
});

test("an unsealed signed message is one of the time before the mesh was sealed, by its place in the log", () => {
  const plain: Partial<Envelope> = { algorithm: "none", sealed_to: null, membership_head: null };
  assert.equal(judged(plain), "it is not sealed");
  const before = { state: { unsealedThrough: { epoch: 1, seq: 7 } } };
  assert.equal(judged(plain, {}, before), null);
  assert.equal(judged(plain, {}, { ...before, at: { epoch: 1, seq: 8 } }), "it is not sealed");
  assert.equal(judged(plain, {}, { ...before, at: { epoch: 2, seq: 1 } }), "it is not sealed");
  assert.equal(
    judged({ ...plain, key_id: second }, {}, { ...before, signer: secondKey }),
    "its key is not its sender's",
  );
  assert.equal(judged(plain, {}, { ...before, signer: secondKey }), "its signature does not hold");
  const nobody = { state: { ...before.state, members: new Map() } };
  assert.match(String(judged(plain, {}, nobody)), /^unexplained/);
});
