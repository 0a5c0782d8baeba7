import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { createKeypair, readKeypair } from "../daemon/identity/keypair.ts";
import { createMember } from "../daemon/identity/member.ts";
import { type MeshFile, readMeshFile, writeMeshFile } from "../daemon/identity/mesh-file.ts";
import { makePrivateDirectory } from "../http/private-directory.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { type AdminClient, adminClient, type BrokerAnswer } from "./admin-client.ts";
import { defaultMemberName } from "./member-name.ts";

/** The mesh that an embedded broker serves. */
export const localSlug = "local";
const nameTriesMax = 100;

/**
 * Makes sure that `dir` holds a member of the mesh `local` and that the running broker of `dataDir` knows it. Every
 * step can be repeated: a crash between two of them is repaired by the next call. `dir` keeps its keys for ever. True
 * when a present member now dials another address.
 */
export async function joinBroker(request: {
  readonly dir: string;
  readonly dataDir: string;
  /** null: the present name, else the default one. */
  readonly name: string | null;
  readonly role: "owner" | "member";
  /** Ends the daemon of `dir`, which reads mesh.json at its start alone; called before the address in it changes. */
  readonly stop?: () => Promise<unknown>;
}): Promise<boolean> {
  const admin = adminClient(request.dataDir);
  const broker = await admin.status();
  makePrivateDirectory(request.dir);
  const present = existsSync(join(request.dir, "mesh.json")) ? readMeshFile(request.dir) : null;
  if (present !== null) {
    checkPresent(present, broker, request);
    const { memberId } = readKeypair(request.dir);
    const { mesh_id } = await admin.mesh(localSlug);
    if (mesh_id !== present.mesh_id) throw lostMesh(present, request.dataDir);
    await admin.addMember(present.mesh_id, { member_id: memberId, name: present.member_name, role: request.role });
    if (present.broker_url === broker.url) return false;
    await request.stop?.();
    writeMeshFile(request.dir, { ...present, broker_url: broker.url, certificate_print: null });
    return true;
  }
  const { memberId } = createKeypair(request.dir, Date.now());
  const mesh = await admin.mesh(localSlug);
  const name = await register(admin, mesh.mesh_id, memberId, request);
  createMember(
    request.dir,
    {
      mesh_id: mesh.mesh_id,
      slug: mesh.slug,
      member_name: name,
      broker_url: broker.url,
      broker_key: broker.broker_key,
      certificate_print: null,
    },
    Date.now(),
  );
  return false;
}

function lostMesh(present: MeshFile, dataDir: string): ClaudemeshError {
  return new ClaudemeshError(
    "invalid_config",
    `the broker in ${resolve(dataDir)} does not know the mesh of @${present.member_name} any more: its broker.db was lost or replaced`,
    { hint: "put broker.db back from a backup; the daemons send again what the backup does not have" },
  );
}

/** Renames an existing member nowhere: a name is its address, which others hold. */
function checkPresent(
  present: MeshFile,
  broker: BrokerAnswer,
  request: { readonly dir: string; readonly dataDir: string; readonly name: string | null },
): void {
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

/** A chosen name is taken or refused; the default one gets a number when another member has it. */
async function register(
  admin: AdminClient,
  meshId: string,
  memberId: string,
  request: { readonly name: string | null; readonly role: "owner" | "member" },
): Promise<string> {
  const base = request.name?.toLowerCase() ?? defaultMemberName();
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? base : `${base}-${n}`;
    try {
      // The name that it has, should these keys be a member whose mesh.json was lost.
      return (await admin.addMember(meshId, { member_id: memberId, name, role: request.role })).name;
    } catch (thrown) {
      if (!(thrown instanceof ClaudemeshError) || thrown.code !== "already_exists") throw thrown;
      if (request.name !== null || n >= nameTriesMax) {
        throw new ClaudemeshError("already_exists", `another member of the mesh is called @${name}`, {
          hint: "choose another: claudemesh up --name NAME",
          cause: thrown,
        });
      }
    }
  }
}
