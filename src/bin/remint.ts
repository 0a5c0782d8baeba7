import { copyFileSync, cpSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Reminted, RemintRequest } from "../cli/launcher.ts";
import { writeFileAtomic } from "../base/atomic-file.ts";
import { readMeshFile, writeMeshFile } from "../daemon/identity/mesh-file.ts";
import { readKeypair } from "../daemon/identity/keypair.ts";
import { makePrivateDirectory } from "../http/private-directory.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { parseInvite } from "../protocol/invite.ts";
import { requirePersistent } from "./ephemeral/ended-folder.ts";
import { founderOf } from "./founders.ts";
import { joinBroker, localSlug } from "./join-broker.ts";
import { joinMesh } from "./join-mesh.ts";
import { brokerStatus } from "./launch-broker.ts";
import { readLaunchRecord, writeLaunchRecord } from "./launch-record.ts";
import { pinnedChain } from "./mesh-chain.ts";
import { setAside } from "./set-aside.ts";

export interface RemintWay {
  /** Data directory of the broker on this host that has the mesh; null: the mesh was joined by a link. */
  readonly brokerDir: string | null;
  stop(dir: string): Promise<unknown>;
}

/**
 * Makes a copied home's member one of its own: new keys, a new name. The new member is made whole in a folder beside, and
 * known to the broker, before the old folder is moved to set-aside in one rename; nothing of that is deleted. Every step
 * can be repeated: a folder that an earlier call has made is gone on with, and of an invite that was used nothing more is
 * used up. Call under the launch lock; the daemon is started by the caller.
 */
export async function remint(request: RemintRequest, way: RemintWay): Promise<Omit<Reminted, "daemon">> {
  const { home, mesh: slug } = request;
  const dir = join(home, "daemon", slug);
  const beside = besideOf(home, slug);
  const old = existsSync(join(dir, "mesh.json")) ? readMeshFile(dir) : null;
  if (old === null) throw nothingThere(slug);
  requirePersistent(dir);
  makePrivateDirectory(join(home, "set-aside"));
  makePrivateDirectory(beside);
  const made = request.link === null ? await byFounder(request, way, beside) : await byLink(request, beside);
  const mesh = readMeshFile(made);
  if (mesh.slug !== slug) writeMeshFile(made, { ...mesh, slug });
  takeSettings(dir, made);
  await way.stop(dir);
  // From here on a call that is killed is finished by the next start of anything in this home.
  writeFileAtomic(join(beside, swapName), "");
  const place = setAside(home, slug, dir, Date.now());
  putInPlace(home, slug);
  return { mesh: slug, address: `@${mesh.member_name}`, former: `@${old.member_name}`, set_aside: place };
}

/** Puts in place what a call made that was killed after it had set the old folder aside. Call under the launch lock. */
export function finishRemints(home: string): void {
  const root = join(home, "set-aside");
  if (!existsSync(root)) return;
  for (const name of readdirSync(root).filter((one) => one.startsWith(besidePrefix))) {
    const slug = name.slice(besidePrefix.length);
    const isSetAside = !existsSync(join(home, "daemon", slug));
    if (isSetAside && existsSync(join(root, name, swapName))) putInPlace(home, slug);
  }
}

function putInPlace(home: string, slug: string): void {
  const beside = besideOf(home, slug);
  renameSync(join(beside, "daemon", slug), join(home, "daemon", slug));
  rmSync(beside, { recursive: true });
}

/** Where the new member is made. */
const besidePrefix = "remint-";
const swapName = "swap";
const besideOf = (home: string, slug: string): string => join(home, "set-aside", `${besidePrefix}${slug}`);

async function byLink({ home, mesh: slug, link, name, signal }: RemintRequest, beside: string): Promise<string> {
  const dir = join(home, "daemon", slug);
  const invite = parseInvite(link ?? "");
  if (invite.mesh_id !== readMeshFile(dir).mesh_id)
    throw new ClaudemeshError("usage", `the invite is for another mesh than ${slug}; nothing is done yet`, {
      hint: `ask for one of the same mesh: claudemesh invite; or join the other beside it: claudemesh join LINK`,
    });
  const as = slug === localSlug ? null : slug;
  const { dir: made } = await joinMesh({
    home: beside,
    link: link ?? "",
    name,
    // A call that was killed has made it before, under the same name.
    slug: as !== null && existsSync(join(beside, "daemon", as, "mesh.json")) ? null : as,
    stop: async () => undefined,
    signal,
  });
  const folder = join(beside, "daemon", slug);
  // Under the name by which a killed call is found.
  if (resolve(made) !== resolve(folder)) renameSync(made, folder);
  return folder;
}

async function byFounder({ home, mesh: slug, name }: RemintRequest, way: RemintWay, beside: string): Promise<string> {
  const dir = join(home, "daemon", slug);
  const { brokerDir } = way;
  if (brokerDir === null)
    throw new ClaudemeshError("usage", `mesh ${slug} takes a new member in by an invite; nothing is done yet`, {
      hint: `ask an owner or admin for one: claudemesh invite; then here: claudemesh remint LINK --mesh ${slug} --yes`,
    });
  if ((await brokerStatus(brokerDir)).state !== "running")
    throw new ClaudemeshError("not_running", `the broker in ${brokerDir} does not run; nothing is done yet`, {
      hint: "claudemesh broker up, in the broker's own home",
    });
  const { mesh_id: meshId, slug: atBroker } = readMeshFile(dir);
  const made = join(beside, "daemon", slug);
  makePrivateDirectory(join(beside, "daemon"));
  // Whoever founded the mesh leaves it an owner that is here: the next home is taken in with the keys in this folder.
  const isFounder = founderOf(brokerDir, meshId) === resolve(dir);
  const role = isFounder && isOwner(dir, meshId) ? "owner" : "member";
  await joinBroker({ dir: made, dataDir: brokerDir, slug: atBroker, name, role });
  return made;
}

function isOwner(dir: string, meshId: string): boolean {
  return pinnedChain(dir, meshId)?.state.members.get(readKeypair(dir).memberId)?.role === "owner";
}

/** How the daemon is to run stays as it was chosen; what was sent and received stays with the member that it was for. */
function takeSettings(from: string, to: string): void {
  const config = join(from, "config.toml");
  if (existsSync(config)) copyFileSync(config, join(to, "config.toml"));
  for (const name of ["hooks.toml", "hooks"])
    if (existsSync(join(from, name))) cpSync(join(from, name), join(to, name), { recursive: true });
  writeLaunchRecord(to, { ...readLaunchRecord(from), readOnly: false });
}

function nothingThere(slug: string): ClaudemeshError {
  return new ClaudemeshError("not_running", `this home has not joined a mesh called ${slug}`, {
    hint: "claudemesh mesh list",
  });
}
