import assert from "node:assert/strict";
import { test } from "node:test";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { silentLog } from "../../base/log.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { envelopeFingerprint } from "../../protocol/fingerprint.ts";
import type { PushItem } from "../../protocol/frames.ts";
import type { ChainMember } from "../../protocol/membership/state.ts";
import { publicKeyHexOf, sign, signedEnvelopeBytes } from "../../protocol/signing.ts";
import type { Directory } from "../parts.ts";
import { createMemberKeys } from "./member-keys.ts";
import type { OpeningContext } from "./opening.ts";
import { createPushCheck, needsNewerPolicy } from "./push-check.ts";
import { chainMember, unsealedMesh } from "./unsealed-mesh.fixture.ts";
import { place } from "./link-bench.fixture.ts";

const meshId = "0198f0a0-0000-7000-8000-000000000001";
const keyId = "0198f0a0-0000-7000-8000-00000000000a";
const me = "a".repeat(64);
const topicId = "0198f0a0-0000-7000-8000-0000000000aa";

type Topic = Directory["topics"][number];
const topic = (change: Partial<Topic> = {}): Topic => ({
  topic_id: topicId,
  name: "alerts",
  subscribers: 2,
  subscribed: true,
  ...change,
});

/** What a broker says that came from alice, and what this daemon makes of it while it knows of those topics. */
function bench(topics: readonly Topic[], sender: Partial<ChainMember> = {}) {
  const { privateKey } = generateKeyPairSync("ed25519");
  const alice = publicKeyHexOf(privateKey);
  const directory: Directory = { members: [], topics };
  const context = {
    mesh: { mesh_id: meshId },
    identity: { memberId: me },
    directory: { current: () => directory },
    log: silentLog,
    ...unsealedMesh({}, { members: new Map([[alice, chainMember(alice, "alice", sender)]]) }),
  } as unknown as OpeningContext;
  const check = createPushCheck(context, createMemberKeys());
  const pushed = (change: Partial<Envelope>, at: Partial<PushItem> = {}, signer: KeyObject | null = null): PushItem => {
    const draft = { ...unsigned(alice), ...change };
    const body = Buffer.from(draft.body, "base64url");
    const request_fingerprint = change.request_fingerprint ?? envelopeFingerprint(draft, body).toString("hex");
    const signature =
      signer === null ? draft.signature : sign(signer, signedEnvelopeBytes(draft, envelopeFingerprint(draft, body, 2)));
    const envelope = { ...draft, request_fingerprint, signature };
    return { ...place(7, `topic:${topicId}`), ...at, envelope };
  };
  return {
    alice,
    privateKey,
    pushed,
    needs: (item: PushItem) => needsNewerPolicy(context, [item]),
    check,
    /** How it is shown; else why it is not. */
    judge(item: PushItem): string {
      const { invalid, verified } = check(item);
      return invalid ?? (verified ? "signed" : "not signed");
    },
  };
}

function unsigned(sender: string): Envelope {
  return {
    version: 2,
    mesh_id: meshId,
    sender,
    key_id: `api:${keyId}`,
    client_message_id: `${sender.slice(0, 16)}:disk-1`,
    destination_kind: "topic",
    destination_ref: "alerts",
    reply_to: null,
    supersedes: null,
    priority: "next",
    meta: "",
    mentions: [],
    content_type: "text/plain; charset=utf-8",
    algorithm: "none",
    sealed_to: null,
    body: Buffer.from("disk is full").toString("base64url"),
    request_fingerprint: "",
    membership_head: null,
    signature: "",
    sent_at: "2026-01-01T00:00:00.000Z",
  };
}

const notOpen = "it is not signed, and its destination is not open for that";

test("a message without a signature is one where its topic is open for that, and is not taken for the sender's own", () => {
  const { judge, pushed, needs, alice, privateKey } = bench([topic({ unsealed: true, unsealed_through: 0 })]);
  assert.equal(judge(pushed({})), "not signed");
  assert.equal(needs(pushed({})), false);
  assert.equal(judge(pushed({ key_id: alice }, {}, privateKey)), "signed");
});

test("after its topic was closed it is one up to where it was open, and where it never was it is none", () => {
  const closed = bench([topic({ unsealed: false, unsealed_through: 7 })]);
  assert.equal(closed.judge(closed.pushed({})), "not signed");
  assert.equal(closed.judge(closed.pushed({}, { seq: 8 })), notOpen);
  assert.equal(closed.needs(closed.pushed({}, { seq: 8 })), true);
  for (const topics of [[], [topic()], [topic({ unsealed: false, unsealed_through: 0 })]]) {
    const { judge, pushed, needs } = bench(topics);
    assert.equal(judge(pushed({})), notOpen);
    assert.equal(needs(pushed({})), true);
  }
});

test("an open topic lets nothing through that says it is of another one, a direct message, or a replacement", () => {
  const { judge, pushed, alice } = bench([topic({ unsealed: true }), topic({ topic_id: "other", name: "plans" })]);
  assert.equal(judge(pushed({ destination_ref: "plans" })), notOpen);
  assert.equal(judge(pushed({}, { destination: "topic:other" })), notOpen);
  assert.equal(judge(pushed({}, { destination: "dm" })), notOpen);
  assert.match(
    judge(pushed({ destination_kind: "dm", destination_ref: me })),
    /destination_kind must be topic or queue/,
  );
  assert.match(judge(pushed({ supersedes: `${alice.slice(0, 16)}:plan` })), /supersedes must be null/);
  assert.equal(judge(pushed({ destination_kind: "queue", destination_ref: "alerts" })), notOpen);
});

test("it is nobody's whom the membership does not name, and no more that of a member that had gone by then", () => {
  const opened = [topic({ unsealed: true })];
  const stranger = "cd".repeat(32);
  const { check, pushed } = bench(opened);
  const unknown = check(pushed({ sender: stranger, client_message_id: `${stranger.slice(0, 16)}:disk-1` }));
  assert.equal(unknown.undecryptable?.code, "membership_unexplained");
  const gone = bench(opened, { status: "revoked", until: 3, through: { epoch: 1, seq: 7 } });
  assert.equal(gone.judge(gone.pushed({})), "not signed");
  assert.equal(gone.judge(gone.pushed({}, { seq: 8 })), "its sender had left the mesh, or was revoked");
});

test("everything else is asked of it as of any message, and a signature is never missing from what does not say so", () => {
  const { judge, pushed, alice, privateKey } = bench([topic({ unsealed: true })]);
  const other = generateKeyPairSync("ed25519").privateKey;
  assert.equal(judge(pushed({ request_fingerprint: "ab".repeat(32) })), "its fingerprint does not match its content");
  assert.match(judge(pushed({ client_message_id: `${"b".repeat(16)}:disk-1` })), /under the sender's own prefix/);
  assert.equal(judge(pushed({ mesh_id: meshId.replace(/1$/, "2") })), "it belongs to another mesh");
  for (const key_id of ["api:", "api:x", `api:${keyId}x`, `api:${alice}`, `API:${keyId}`])
    assert.match(judge(pushed({ key_id })), /key_id does not have its form/, key_id);
  assert.match(judge(pushed({}, {}, privateKey)), /signature does not have its form/, "a signature beside a key");
  assert.match(judge(pushed({ key_id: alice })), /signature does not have its form/);
  assert.equal(judge(pushed({ key_id: alice }, {}, other)), "its signature does not hold");
});

test("of a fingerprint version that is unknown here a message is judged by its signature alone, and shown only where that holds", () => {
  const { judge, check, pushed, alice, privateKey } = bench([topic({ unsealed: true })]);
  const later = (change: Partial<Envelope>, signed = {}) => {
    const item = pushed({ key_id: alice, ...signed }, {}, privateKey);
    return { ...item, envelope: { ...(item.envelope as Envelope), ...change } };
  };
  const fingerprint = "ab".repeat(32);
  assert.equal(judge(later({ version: 9, request_fingerprint: fingerprint })), "signed");
  assert.equal(
    judge(later({ version: 2, request_fingerprint: fingerprint })),
    "its fingerprint does not match its content",
  );
  for (const change of [
    { body: Buffer.from("disk is fine").toString("base64url") },
    { mentions: [me] },
    { content_type: "text/html" },
    { priority: "now" },
    { meta: '{"a":1}' },
    { reply_to: keyId },
    { sent_at: "2026-01-01T00:00:00.001Z" },
  ] satisfies Partial<Envelope>[])
    assert.equal(judge(later({ version: 9, ...change })), "its signature does not hold", JSON.stringify(change));
  for (const version of [0, -1, 1.5, 32_768, "2", null])
    assert.match(check(later({ version } as Partial<Envelope>)).invalid ?? "", /version must be an integer/);
});
