import type { KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { daemonDirs } from "../client/find-daemon.ts";
import { createKeypair, type Keypair, keypairOf, newKeypairText, readKeypair } from "../daemon/identity/keypair.ts";
import { type MeshFile, readMeshFile, writeMeshFile } from "../daemon/identity/mesh-file.ts";
import { writeChain } from "../daemon/membership/membership-file.ts";
import { makePrivateDirectory } from "../http/private-directory.ts";
import { checkName } from "../protocol/address.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { type Invite, parseInvite } from "../protocol/invite.ts";
import { nextEntry } from "../protocol/membership/chain.ts";
import { currentKeys } from "../protocol/membership/state.ts";
import { privateKeyFromSeed, publicKeyHexOf } from "../protocol/signing.ts";
import { rfc3339 } from "../protocol/time.ts";
import { freeName } from "./admit-by-founder.ts";
import { linkUrl, proveBroker, readMembership, requestJoin } from "./broker-http.ts";
import { type InMemory, localSlug } from "./join-broker.ts";
import {
  appendTo,
  type Chain,
  type ChainSource,
  handInLost,
  newMemberOf,
  pinnedChain,
  readChain,
} from "./mesh-chain.ts";

/** What another home's mesh `local` is called here: in this home that name is kept for its own. */
const joinedSlug = "team";

export interface Joined {
  readonly slug: string;
  readonly dir: string;
  readonly mesh: MeshFile;
  /** What this call did: a member that the broker did not know, the address of a present one, or nothing. */
  readonly change: "admitted" | "address" | "none";
  /** The broker's clock less this host's, milliseconds. */
  readonly clockSkewMs: number;
}

/**
 * Makes this home a member of the invite's mesh: it verifies the mesh's whole membership, which has to be the one that
 * the link names, and adds its own entry, signed by the link's key. Every step can be repeated: keys are made first and
 * stay, the chain knows who is in it and is pinned here, mesh.json is written last. A home that is a member already uses
 * nothing up: it follows the broker to the address that the link names, which is how a broker that moved is found again,
 * and hands in what the broker has lost, as one does that was put back from an old copy.
 */
export async function joinMesh(request: {
  readonly home: string;
  readonly link: string;
  /** null: that of the user or host, with a number if it is taken. */
  readonly name: string | null;
  /** What the mesh is called in this home; null: as its owner calls it, with a number if that is taken here. */
  readonly slug: string | null;
  /**
   * Ends the daemon of a folder, which reads mesh.json at its start alone. Called before the file changes: whatever is
   * killed after that, no daemon runs on what it said before.
   */
  readonly stop: (dir: string) => Promise<unknown>;
  readonly signal: AbortSignal;
}): Promise<Joined> {
  const invite = parseInvite(request.link);
  const wantedName = request.name === null ? null : checkName(request.name, "member");
  const present = presentIn(request.home, invite);
  if (present !== null) checkPresent(present, invite, wantedName);
  const { source, clockSkewMs } = await reach(invite, request.signal);
  const way = wayTo(invite);
  if (present !== null) {
    const known = await knowAgain(invite, source, present);
    // A broker of this very host is dialled on loopback, whatever address its invites name to others.
    const mesh = present.slug === localSlug ? present.mesh : { ...present.mesh, ...way };
    const same =
      present.mesh.broker_url === mesh.broker_url && present.mesh.certificate_print === mesh.certificate_print;
    if (!same || known.toPin !== null) await request.stop(present.dir);
    if (known.toPin !== null) writeChain(present.dir, known.toPin.entries);
    if (!same) writeMeshFile(present.dir, mesh);
    const change = known.isNew ? "admitted" : same ? "none" : "address";
    return { slug: present.slug, dir: present.dir, mesh, change, clockSkewMs };
  }
  const slug = slugFor(request.home, invite, request.slug);
  const dir = join(request.home, "daemon", slug);
  const chain = await readByInvite(invite, source);
  makePrivateDirectory(join(request.home, "daemon"));
  makePrivateDirectory(dir);
  const keys = createKeypair(dir, Date.now());
  await admit(invite, source, chain, keys, wantedName);
  writeChain(dir, chain.entries);
  const mesh: MeshFile = { mesh_id: invite.mesh_id, slug, member_name: nameIn(chain, keys), ...way };
  writeMeshFile(dir, mesh);
  return { slug, dir, mesh, change: "admitted", clockSkewMs };
}

/**
 * As {@link joinMesh}, of a member that keeps nothing on disk: a home that is a member of the mesh already is none for it. The
 * keys live no longer than what they are handed to.
 */
export async function joinMeshInMemory(request: {
  readonly home: string;
  readonly link: string;
  readonly name: string;
  readonly slug: string | null;
  readonly signal: AbortSignal;
}): Promise<{ readonly slug: string; readonly member: InMemory; readonly clockSkewMs: number }> {
  const invite = parseInvite(request.link);
  const name = checkName(request.name, "member");
  const slug = slugFor(request.home, invite, request.slug);
  const { source, clockSkewMs } = await reach(invite, request.signal);
  const chain = await readByInvite(invite, source);
  if (chain.state.invites.get(source.inviteId)?.role === "owner")
    throw new ClaudemeshError("not_allowed", "this invite makes an owner, whose keys must not end with a process", {
      hint: "ask for an invite of another role: claudemesh invite",
    });
  const keypair = newKeypairText(Date.now());
  const keys = keypairOf(keypair, "the new keys");
  await admit(invite, source, chain, keys, name);
  const mesh = {
    mesh_id: invite.mesh_id,
    slug,
    member_name: nameIn(chain, keys),
    ...wayTo(invite),
    ephemeral: true,
  } as const;
  return { slug, member: { keypair, chain: chain.entries, mesh }, clockSkewMs };
}

/** The member of the invite's mesh that this home holds; null: none. */
export function presentIn(
  home: string,
  invite: Pick<Invite, "mesh_id">,
): { readonly slug: string; readonly dir: string; readonly mesh: MeshFile } | null {
  const held = daemonDirs(home).map(({ slug, dir }) => ({ slug, dir, mesh: readMeshFile(dir) }));
  return held.find(({ mesh }) => mesh.mesh_id === invite.mesh_id) ?? null;
}

/** The broker that the link names, proven to be it; by its clock it judges the invite. */
async function reach(
  invite: Invite,
  signal: AbortSignal,
): Promise<{ readonly source: InviteSource; readonly clockSkewMs: number }> {
  const { serverTime } = await proveBroker(invite, signal);
  const clockSkewMs = serverTime - Date.now();
  return { source: inviteSource(invite, { now: () => Date.now() + clockSkewMs, signal }), clockSkewMs };
}

function wayTo(invite: Invite): Pick<MeshFile, "broker_url" | "broker_key" | "certificate_print"> {
  return {
    broker_url: linkUrl(invite),
    broker_key: invite.broker_key,
    certificate_print: invite.transport.kind === "pinned" ? invite.transport.certificate_print : null,
  };
}

function slugFor(home: string, invite: Invite, written: string | null): string {
  const suggested = invite.slug === localSlug ? joinedSlug : invite.slug;
  return written === null ? freeSlug(home, suggested) : checkSlug(home, written);
}

function checkPresent(
  { slug, mesh }: { readonly slug: string; readonly mesh: MeshFile },
  invite: Invite,
  name: string | null,
): void {
  if (name !== null && name !== mesh.member_name) {
    throw new ClaudemeshError("already_exists", `this home is @${mesh.member_name} in mesh ${slug} already`, {
      hint: `join without --name, or give ${name} a home of its own: CLAUDEMESH_HOME=DIR claudemesh join LINK --name ${name}`,
    });
  }
  if (mesh.broker_key !== invite.broker_key) {
    throw new ClaudemeshError(
      "broker_key_mismatch",
      `@${mesh.member_name} of mesh ${slug} belongs to another broker than the one of this invite`,
      { hint: "check who made the invite; a broker keeps its key for life" },
    );
  }
}

/** The mesh's chain as whoever holds the link may read it; the entries that are handed in prove themselves. */
function inviteSource(invite: Invite, way: { now(): number; readonly signal: AbortSignal }): InviteSource {
  const key = privateKeyFromSeed(invite.seed);
  return {
    ...way,
    key,
    inviteId: publicKeyHexOf(key),
    meshId: invite.mesh_id,
    above: (after) => readMembership(invite, { meshId: invite.mesh_id, key, after, now: way.now() }, way.signal),
    handIn: (entries) => requestJoin(invite, invite.mesh_id, entries, way.signal),
  };
}

interface InviteSource extends ChainSource {
  readonly inviteId: string;
  readonly key: KeyObject;
  /** By the broker's clock, which judges the invite. */
  now(): number;
}

/**
 * The whole chain, verified, with the entry in it that was the newest when the link was made: the link came by another
 * way than the broker, so a broker that shows another membership is found out.
 */
async function readByInvite(invite: Invite, source: InviteSource): Promise<Chain> {
  const chain = await readChain(source).catch((thrown: unknown) => {
    throw explained(thrown, invite);
  });
  if (chain === null)
    throw new ClaudemeshError(
      "mesh_unsealed",
      "the mesh of this invite is from before encryption, and not sealed yet",
      {
        hint: "ask its owner to run claudemesh mesh seal, then for a new invite: claudemesh invite",
      },
    );
  if (invite.membership_head === null || !chain.state.places.has(invite.membership_head)) {
    throw new ClaudemeshError(
      "membership_forked",
      "the broker shows another membership than the one this invite was made in",
      { hint: "join nothing there; ask whoever made the invite, by a way that the broker does not carry" },
    );
  }
  return chain;
}

/** Signs the joining with the link's key, unless these keys are a member's already. */
async function admit(
  invite: Invite,
  source: InviteSource,
  chain: Chain,
  keys: Keypair,
  chosen: string | null,
): Promise<void> {
  const maker = { by: source.inviteId, keyId: source.inviteId, key: source.key };
  try {
    await appendTo(source, chain, (state) => {
      const known = state.members.get(keys.memberId);
      if (known?.status === "active") return null;
      if (known !== undefined)
        throw new ClaudemeshError("not_a_member", `the membership of this home's @${known.name} was ended`, {
          hint: "join with a home of its own: CLAUDEMESH_HOME=DIR claudemesh join LINK",
        });
      const name = freeName(state, chosen, "claudemesh join LINK --name NAME");
      const member = newMemberOf(state.meshId, keys, name);
      return nextEntry(state, { kind: "join", member }, maker, rfc3339(source.now()));
    });
  } catch (thrown) {
    throw explained(thrown, invite);
  }
}

/**
 * What an invite tells a home that is a member already: `isNew`, the broker did not know it any more, and does now;
 * `toPin`, the chain of a home from before there were chains. Nothing of the invite is used up where the home holds a
 * chain: entries that the broker has lost are handed in as they were signed.
 */
async function knowAgain(
  invite: Invite,
  source: InviteSource,
  { dir, mesh }: { readonly dir: string; readonly mesh: MeshFile },
): Promise<{ readonly isNew: boolean; readonly toPin: Chain | null }> {
  const keys = readKeypair(dir);
  const pinned = pinnedChain(dir, mesh.mesh_id);
  try {
    if (pinned !== null) {
      // What came after this member and its keys its daemon hands in, once the broker knows these again and the link stands.
      const member = pinned.state.members.get(keys.memberId);
      const since = member === undefined ? 0 : currentKeys(member).since;
      return { isNew: (await handInLost(source, pinned.entries.slice(0, since + 1))) > 0, toPin: null };
    }
    const chain = await readByInvite(invite, source);
    const isNew = !chain.state.members.has(keys.memberId);
    await admit(invite, source, chain, keys, mesh.member_name);
    return { isNew, toPin: chain };
  } catch (thrown) {
    // An invite that is long over says nothing of the member; its daemon will hear whether it is known.
    const isOver = thrown instanceof ClaudemeshError && overCodes.has(thrown.code);
    if (!isOver) throw thrown;
    return { isNew: false, toPin: null };
  }
}

const overCodes: ReadonlySet<string> = new Set(["invite_unknown", "invite_expired", "invite_revoked", "invite_used"]);

function nameIn(chain: Chain, keys: Keypair): string {
  const member = chain.state.members.get(keys.memberId);
  if (member === undefined) throw new TypeError("the chain does not have the member that it was made with");
  return member.name;
}

/** What the broker has forgotten, the link still says. */
function explained(thrown: unknown, invite: Invite): unknown {
  if (!(thrown instanceof ClaudemeshError)) return thrown;
  if (thrown.code === "invite_unknown" && invite.expires_at < Date.now()) {
    return new ClaudemeshError(
      "invite_expired",
      `the invite was good until ${new Date(invite.expires_at).toISOString()}`,
      { hint: "ask for a new one: claudemesh invite", cause: thrown },
    );
  }
  if (thrown.code === "already_exists")
    return new ClaudemeshError("already_exists", `${thrown.message}; the invite is still good`, {
      hint: "choose another: claudemesh join LINK --name NAME",
      cause: thrown,
    });
  return thrown;
}

function freeSlug(home: string, wanted: string): string {
  for (let n = 1; ; n += 1) {
    const slug = n === 1 ? wanted : `${wanted}-${n}`;
    if (!existsSync(join(home, "daemon", slug, "mesh.json"))) return slug;
  }
}

function checkSlug(home: string, written: string): string {
  const slug = checkName(written, "mesh");
  const isTaken = existsSync(join(home, "daemon", slug, "mesh.json"));
  if (!isTaken && slug !== localSlug) return slug;
  if (slug === localSlug)
    throw new ClaudemeshError("invalid_field", `${localSlug} is the name of the mesh that claudemesh up makes here`, {
      hint: "choose another: claudemesh join LINK --as SLUG",
    });
  throw new ClaudemeshError("already_exists", `this home has a mesh called ${slug} already`, {
    hint: "choose another: claudemesh join LINK --as SLUG",
  });
}
