import { existsSync } from "node:fs";
import { join } from "node:path";
import { daemonDirs } from "../client/find-daemon.ts";
import { createKeypair, type Keypair, readKeypair } from "../daemon/identity/keypair.ts";
import { type MeshFile, readMeshFile, writeMeshFile } from "../daemon/identity/mesh-file.ts";
import { makePrivateDirectory } from "../http/private-directory.ts";
import { checkName } from "../protocol/address.ts";
import { type Admission, type Admitted, signAdmission } from "../protocol/admission.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { type Invite, parseInvite } from "../protocol/invite.ts";
import { localSlug } from "./join-broker.ts";
import { linkUrl, proveBroker, requestAdmission } from "./broker-http.ts";
import { defaultMemberName } from "./member-name.ts";

const nameTriesMax = 100;
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
 * Makes this home a member of the invite's mesh. Every step can be repeated: keys are made first and stay, the broker
 * knows a member that it has admitted, mesh.json is written last. A home that is a member already uses nothing up: it
 * follows the broker to the address that the link names, which is how a broker that moved is found again. Only a broker
 * that has lost the member, as one does that was put back from an old copy, admits it anew, under its name and keys.
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
  const present = daemonDirs(request.home)
    .map(({ slug, dir }) => ({ slug, dir, mesh: readMeshFile(dir) }))
    .find(({ mesh }) => mesh.mesh_id === invite.mesh_id);
  if (present !== undefined) checkPresent(present, invite, wantedName);
  const { serverTime } = await proveBroker(invite, request.signal);
  const clockSkewMs = serverTime - Date.now();
  const way = {
    broker_url: linkUrl(invite),
    broker_key: invite.broker_key,
    certificate_print: invite.transport.kind === "pinned" ? invite.transport.certificate_print : null,
  };
  if (present !== undefined) {
    const isNew = await admitAgain(invite, present.dir, present.mesh.member_name, request.signal);
    // A broker of this very host is dialled on loopback, whatever address its invites name to others.
    const mesh = present.slug === localSlug ? present.mesh : { ...present.mesh, ...way };
    const same =
      present.mesh.broker_url === mesh.broker_url && present.mesh.certificate_print === mesh.certificate_print;
    if (!same) {
      await request.stop(present.dir);
      writeMeshFile(present.dir, mesh);
    }
    const change = isNew ? "admitted" : same ? "none" : "address";
    return { slug: present.slug, dir: present.dir, mesh, change, clockSkewMs };
  }
  const suggested = invite.slug === localSlug ? joinedSlug : invite.slug;
  const slug = request.slug === null ? freeSlug(request.home, suggested) : checkSlug(request.home, request.slug);
  const dir = join(request.home, "daemon", slug);
  makePrivateDirectory(join(request.home, "daemon"));
  makePrivateDirectory(dir);
  const admitted = await admit(invite, dir, wantedName, request.signal);
  const mesh: MeshFile = { mesh_id: invite.mesh_id, slug, member_name: admitted.name, ...way };
  writeMeshFile(dir, mesh);
  return { slug, dir, mesh, change: "admitted", clockSkewMs };
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

/** True when the broker did not know the member of `dir` any more. One that does answers so before it looks at the invite. */
async function admitAgain(invite: Invite, dir: string, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await requestAdmission(invite, invite.mesh_id, admissionOf(invite, readKeypair(dir), name), signal)).isNew;
  } catch (thrown) {
    if (!(thrown instanceof ClaudemeshError)) throw thrown;
    // An invite that is long over says nothing of the member; its daemon will hear whether it is known.
    if (thrown.code === "invite_unknown") return false;
    if (thrown.code !== "already_exists") throw thrown;
    throw new ClaudemeshError(
      "already_exists",
      `the broker does not know this home's @${name} any more, and another member is called so`,
      { hint: "join with a home of its own: CLAUDEMESH_HOME=DIR claudemesh join LINK --name NAME", cause: thrown },
    );
  }
}

function admissionOf(invite: Invite, keys: Keypair, name: string): Admission {
  return signAdmission(
    invite,
    { inviteSeed: invite.seed, memberId: keys.memberId, memberKey: keys.signingKey },
    { x25519_pubkey: keys.x25519PublicKey, name },
  );
}

/** A chosen name is taken or refused; the default one gets a number when another member has it. */
async function admit(invite: Invite, dir: string, chosen: string | null, signal: AbortSignal): Promise<Admitted> {
  const keys = createKeypair(dir, Date.now());
  const base = chosen ?? defaultMemberName();
  for (let n = 1; ; n += 1) {
    const admission = admissionOf(invite, keys, n === 1 ? base : `${base}-${n}`);
    try {
      return (await requestAdmission(invite, invite.mesh_id, admission, signal)).member;
    } catch (thrown) {
      if (!(thrown instanceof ClaudemeshError)) throw thrown;
      if (thrown.code === "already_exists" && chosen === null && n < nameTriesMax) continue;
      throw explained(thrown, invite, admission.name);
    }
  }
}

/** What the broker has forgotten, the link still says. */
function explained(error: ClaudemeshError, invite: Invite, name: string): ClaudemeshError {
  if (error.code === "invite_unknown" && invite.expires_at < Date.now()) {
    return new ClaudemeshError(
      "invite_expired",
      `the invite was good until ${new Date(invite.expires_at).toISOString()}`,
      {
        hint: "ask for a new one: claudemesh invite",
        cause: error,
      },
    );
  }
  if (error.code === "already_exists") {
    return new ClaudemeshError(
      "already_exists",
      `another member of the mesh is called @${name}; the invite is still good`,
      {
        hint: "choose another: claudemesh join LINK --name NAME",
        cause: error,
      },
    );
  }
  return error;
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
