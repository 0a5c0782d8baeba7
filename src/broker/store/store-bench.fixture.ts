import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { newUuidV7 } from "../../protocol/ids.ts";
import type { DedupeSetting } from "../link/link-parts.ts";
import { envelopeOf, type Identity, newIdentity } from "../testing/peer.ts";
import type { MembershipEffect } from "./membership-store.ts";
import type { AcceptItem, AcceptOutcome, BrokerStore } from "./store.ts";

export const day = 86_400_000;
/** Under which every store of a test authenticates positions, also one that takes over another's data. */
export const positionSecret = Buffer.alloc(32, 7);

/** A store under test on data of its own. Stopped when the test ends. */
export interface StoreUnderTest {
  readonly store: BrokerStore;
  /** Stops the store and opens it again on the same data: a new incarnation. */
  reopen(): Promise<BrokerStore>;
  /** Runs a statement behind the store's back, as damage would. */
  tamper(sql: string): Promise<void>;
}
/** Without a setting of its own, dedupe records are kept 365 days. */
export type OpenStore = (t: TestContext, dedupe?: DedupeSetting) => Promise<StoreUnderTest>;

/** A store with one mesh and two members. */
export interface Bench extends StoreUnderTest {
  readonly meshId: string;
  readonly alice: Identity;
  readonly bob: Identity;
  readonly now: number;
}

/** Opens a bench for one test. */
export type On = (t: TestContext, dedupe?: DedupeSetting) => Promise<Bench>;

export async function bench(t: TestContext, open: OpenStore, dedupe?: DedupeSetting): Promise<Bench> {
  const under = await open(t, dedupe);
  const now = 1;
  const { mesh_id } = await under.store.createMesh({
    mesh_id: "01890000-0000-7000-8000-00000000000a",
    slug: "test",
    now,
  });
  const [alice, bob] = [newIdentity(), newIdentity()];
  for (const [identity, name] of [
    [alice, "alice"],
    [bob, "bob"],
  ] as const)
    await under.store.addMember({ mesh_id, member_id: identity.memberId, name, role: "member", now });
  return { ...under, meshId: mesh_id, alice, bob, now };
}

/** An entry of the mesh's chain that has these effects; what it says is nobody's business here. */
export async function changeBy(
  store: BrokerStore,
  meshId: string,
  effects: readonly MembershipEffect[],
  now: number,
): Promise<void> {
  const head = await store.membershipHead(meshId);
  const n = (head?.n ?? -1) + 1;
  const hash = String(n).padStart(64, "0");
  assert.ok(await store.appendMembership(meshId, { n, hash, previous: head?.hash ?? null, text: "{}", effects }, now));
}

export function revoke(store: BrokerStore, meshId: string, memberId: string, now: number): Promise<void> {
  return changeBy(store, meshId, [{ kind: "member_ended", member_id: memberId, status: "revoked" }], now);
}

/** Opens a topic or queue (`#name`, `queue:name`) for unsealed messages, or closes it. */
export function setUnsealed(store: BrokerStore, meshId: string, destination: string, unsealed: boolean): Promise<void> {
  return changeBy(store, meshId, [{ kind: "unsealed", destination, unsealed }], 1);
}

/** What the accept path hands to a store. */
export function item(
  meshId: string,
  from: Identity,
  to: Identity | string,
  fields: { client_message_id?: string; text?: string; mentions?: string[] } = {},
): AcceptItem {
  const { text = "hello", ...rest } = fields;
  const envelope = envelopeOf(meshId, from, typeof to === "string" ? to : to.memberId, text, rest);
  return {
    envelope,
    fingerprint: Buffer.from(envelope.request_fingerprint, "hex"),
    linkEpoch: 0,
    broker_message_id: newUuidV7(Date.now()),
    refusal: null,
  };
}

export function accepted(outcome: AcceptOutcome | undefined): Extract<AcceptOutcome, { kind: "accepted" }> {
  assert.ok(outcome?.kind === "accepted", JSON.stringify(outcome));
  return outcome;
}

export function kinds(outcomes: readonly AcceptOutcome[]): string[] {
  return outcomes.map(({ kind }) => kind);
}

export function idsOf(items: readonly AcceptItem[]): string[] {
  return items.map(({ envelope }) => envelope.client_message_id);
}
