import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { createKeypair, type Keypair, keypairOf, newKeypairText, readKeypair } from "../daemon/identity/keypair.ts";
import { type MeshFile, readMeshFile, writeMeshFile } from "../daemon/identity/mesh-file.ts";
import { writeChain } from "../daemon/membership/membership-file.ts";
import { makePrivateDirectory } from "../http/private-directory.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { nextEntry, noChain } from "../protocol/membership/chain.ts";
import type { MembershipEntry } from "../protocol/membership/entry.ts";
import { activeMember } from "../protocol/membership/state.ts";
import { rfc3339 } from "../protocol/time.ts";
import { type AdminClient, adminClient, type BrokerAnswer } from "./admin-client.ts";
import { admitByFounder, findFounder } from "./admit-by-founder.ts";
import { founderOf, noteFounder } from "./founders.ts";
import { defaultMemberName } from "./member-name.ts";
import {
  type Chain,
  type ChainSource,
  handInLost,
  isMoved,
  newMemberOf,
  pinnedChain,
  readChain,
} from "./mesh-chain.ts";

/** The mesh that an embedded broker serves. */
export const localSlug = "local";
/** Others found the same mesh, or join it, at the same time: so often a command looks again. */
const triesMax = 20;

export interface BrokerJoin {
  readonly dir: string;
  readonly dataDir: string;
  /** Of the mesh at that broker; absent: `local`. */
  readonly slug?: string;
  /** null: the present name, else the default one. */
  readonly name: string | null;
  /** Of a member that another one takes in: whoever comes first is the owner. */
  readonly role: "owner" | "member";
  /** Refuses a mesh that somebody else has founded. */
  readonly mustFound?: boolean;
  /** Ends the daemon of `dir`, which reads mesh.json at its start alone; called before the address in it changes. */
  readonly stop?: () => Promise<unknown>;
}

export interface BrokerJoined {
  /** A present member dials another address now. */
  readonly moved: boolean;
  /** Entries of the membership that the broker had lost. */
  readonly handedIn: number;
}

/**
 * Makes sure that `dir` holds a member of a mesh of the running broker of `dataDir`, which is on this machine. The first
 * one founds the mesh's membership chain and owns it; a later one is taken in with the founder's keys, which the same
 * user can read. Every step can be repeated: keys are made first and stay, then the chain says who they are, then it is
 * pinned here, and mesh.json, which makes the folder a member's, is written last.
 */
export async function joinBroker(request: BrokerJoin): Promise<BrokerJoined> {
  const admin = adminClient(request.dataDir);
  const broker = await admin.status();
  makePrivateDirectory(request.dir);
  const present = existsSync(join(request.dir, "mesh.json")) ? readMeshFile(request.dir) : null;
  if (present !== null) return followBroker(request, admin, broker, present);
  const keys = createKeypair(request.dir, Date.now());
  const mesh = await admin.mesh(request.slug ?? localSlug);
  const chain = await enterChain(request, sourceOf(admin, mesh.mesh_id), keys);
  const member = chain.state.members.get(keys.memberId);
  if (member === undefined) throw new TypeError("the chain does not have the member that it was made with");
  writeChain(request.dir, chain.entries);
  if (chain.entries[0]?.by === keys.memberId) noteFounder(request.dataDir, mesh.mesh_id, resolve(request.dir));
  writeMeshFile(request.dir, {
    mesh_id: mesh.mesh_id,
    slug: mesh.slug,
    member_name: member.name,
    broker_url: broker.url,
    broker_key: broker.broker_key,
    certificate_print: null,
  });
  return { moved: false, handedIn: 0 };
}

/**
 * A member of a mesh of the broker of `dataDir` that keeps nothing on disk: taken in with the founder's keys. It never founds a
 * mesh, whose owner would be gone with it.
 */
export async function joinBrokerInMemory(request: {
  readonly dataDir: string;
  readonly slug: string;
  readonly name: string;
}): Promise<InMemory> {
  const admin = adminClient(request.dataDir);
  const broker = await admin.status();
  const mesh = await admin.mesh(request.slug);
  const source = sourceOf(admin, mesh.mesh_id);
  const text = newKeypairText(Date.now());
  const keys = keypairOf(text, "the new keys");
  for (let tries = 0; ; tries += 1) {
    const founder = findFounder(founderOf(request.dataDir, mesh.mesh_id), mesh.mesh_id);
    const chain = await readChain(source);
    if (chain === null)
      throw new ClaudemeshError(
        "not_allowed",
        `mesh ${request.slug} of the broker in ${request.dataDir} has no owner yet`,
        {
          hint: "whoever owns a mesh keeps its keys: claudemesh up --persistent there; then this again",
        },
      );
    try {
      await admitByFounder({ source, chain, keys, founder, name: request.name, role: "member" });
      const { mesh_id, slug } = mesh;
      const member_name = requireActive(chain, keys.memberId).state.members.get(keys.memberId)?.name ?? request.name;
      const way = { broker_url: broker.url, broker_key: broker.broker_key, certificate_print: null };
      return { keypair: text, chain: chain.entries, mesh: { mesh_id, slug, member_name, ...way, ephemeral: true } };
    } catch (thrown) {
      if (!isOvertaken(thrown) || tries >= triesMax) throw thrown;
    }
  }
}

/** A new member of a mesh, nothing of which is on disk. */
export interface InMemory {
  /** As keypair.json would have it. */
  readonly keypair: string;
  /** Verified. */
  readonly chain: readonly MembershipEntry[];
  readonly mesh: MeshFile;
}

async function followBroker(
  request: BrokerJoin,
  admin: AdminClient,
  broker: BrokerAnswer,
  present: MeshFile,
): Promise<BrokerJoined> {
  const keys = readKeypair(request.dir);
  const pinned = pinnedChain(request.dir, present.mesh_id);
  const name = pinned?.state.members.get(keys.memberId)?.name ?? present.member_name;
  checkPresent({ ...present, member_name: name }, broker, request);
  const { mesh_id } = await admin.mesh(request.slug ?? localSlug);
  if (mesh_id !== present.mesh_id) throw lostMesh(present, request.dataDir);
  const source = sourceOf(admin, mesh_id);
  // Before the daemon dials: a broker that was put back from an old copy may not know this member any more.
  const handedIn = pinned === null ? 0 : await handInLost(source, pinned.entries);
  // From before there were chains, and not sealed yet.
  if (pinned === null && (await source.above(-1)).head === null)
    await admin.addMember(mesh_id, { member_id: keys.memberId, name: present.member_name, role: request.role });
  if (pinned?.entries[0]?.by === keys.memberId) noteFounder(request.dataDir, mesh_id, resolve(request.dir));
  if (present.broker_url === broker.url) return { moved: false, handedIn };
  await request.stop?.();
  writeMeshFile(request.dir, { ...present, broker_url: broker.url, certificate_print: null });
  return { moved: true, handedIn };
}

/** The chain with these keys in it: as they stand there already, founded by them, or with an entry of the founder's. */
async function enterChain(request: BrokerJoin, source: ChainSource, keys: Keypair): Promise<Chain> {
  const pinned = pinnedChain(request.dir, source.meshId);
  if (pinned !== null) await handInLost(source, pinned.entries);
  for (let tries = 0; ; tries += 1) {
    const founder = findFounder(founderOf(request.dataDir, source.meshId), source.meshId);
    // Before another chain could be founded in its place: a broker that was put back from an old copy may have lost it.
    if (founder.pinned !== null) await handInLost(source, founder.pinned.entries);
    const chain = await readChain(source);
    try {
      if (chain === null) return await found(source, keys, request.name?.toLowerCase() ?? defaultMemberName());
      const isOwn = pinned !== null || chain.entries[0]?.by === keys.memberId;
      if (!isOwn && request.mustFound === true) throw taken(request.slug ?? localSlug);
      if (!isOwn) await admitByFounder({ source, chain, keys, founder, name: request.name, role: request.role });
      return requireActive(chain, keys.memberId);
    } catch (thrown) {
      if (!isOvertaken(thrown) || tries >= triesMax) throw thrown;
    }
  }
}

/** Somebody else founded the mesh, or added to its chain, in the meantime. */
function isOvertaken(thrown: unknown): boolean {
  return isMoved(thrown) || (thrown instanceof ClaudemeshError && thrown.code === "mesh_sealed");
}

async function found(source: ChainSource, keys: Keypair, name: string): Promise<Chain> {
  const maker = { by: keys.memberId, keyId: keys.keyId, key: keys.signingKey };
  const member = newMemberOf(source.meshId, keys, name);
  const create = nextEntry(
    noChain(source.meshId),
    { kind: "create", member, unsealed_through: null },
    maker,
    rfc3339(Date.now()),
  );
  await source.handIn([create]);
  const chain = await readChain(source);
  if (chain === null || chain.entries[0]?.signature !== create.signature)
    throw new ClaudemeshError("membership_moved", "another member founded the mesh at the same time");
  return chain;
}

/** Throws not_a_member where these keys' membership was ended. */
function requireActive(chain: Chain, memberId: string): Chain {
  if (activeMember(chain.state, memberId) !== null) return chain;
  throw new ClaudemeshError("not_a_member", "this home's membership of the mesh was ended", {
    hint: "ask for an invite for a home of its own: CLAUDEMESH_HOME=DIR claudemesh join LINK",
  });
}

function taken(slug: string): ClaudemeshError {
  return new ClaudemeshError(
    "already_exists",
    `this broker has a mesh called ${slug} already, which another member owns`,
    {
      hint: "choose another name, or ask its owner for an invite: claudemesh invite",
    },
  );
}

function sourceOf(admin: AdminClient, meshId: string): ChainSource {
  return {
    meshId,
    above: (after) => admin.membershipAbove(meshId, after),
    handIn: (entries) => admin.appendMembership(meshId, entries),
  };
}

function lostMesh(present: MeshFile, dataDir: string): ClaudemeshError {
  return new ClaudemeshError(
    "invalid_config",
    `the broker in ${resolve(dataDir)} does not know the mesh of @${present.member_name} any more: its broker.db was lost or replaced`,
    { hint: "put broker.db back from a backup; the daemons send again what the backup does not have" },
  );
}

/** Renames an existing member nowhere: a name is its address, which others hold. */
function checkPresent(present: MeshFile, broker: BrokerAnswer, request: BrokerJoin): void {
  if (request.name !== null && request.name.toLowerCase() !== present.member_name) {
    throw new ClaudemeshError(
      "already_exists",
      `this home already has the member @${present.member_name} of mesh ${present.slug}`,
      {
        hint: `run it without --name, or give the member ${request.name} a home of its own: CLAUDEMESH_HOME=DIR claudemesh up --name ${request.name}`,
      },
    );
  }
  if (present.broker_key !== broker.broker_key) {
    throw new ClaudemeshError(
      "invalid_config",
      `@${present.member_name} belongs to another broker than the one in ${resolve(request.dataDir)}: its key is not the one that was pinned`,
      {
        hint: "start the broker it was made with, or put that broker's data directory back from a backup",
      },
    );
  }
}
