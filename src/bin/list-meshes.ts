import type { DaemonStatus, MeshHere } from "../cli/launcher.ts";
import { daemonDirs } from "../client/find-daemon.ts";
import { readKeypair } from "../daemon/identity/keypair.ts";
import { type MeshFile, readMeshFile } from "../daemon/identity/mesh-file.ts";
import { activeMembers } from "../protocol/membership/state.ts";
import { hasEnded } from "./ended-membership.ts";
import { daemonStatus } from "./launch-daemon.ts";
import { pinnedChain } from "./mesh-chain.ts";

/** What this home's folders say; nobody is asked. */
export async function listMeshes(home: string): Promise<readonly MeshHere[]> {
  return Promise.all(
    daemonDirs(home).map(async ({ slug, dir }) => {
      const mesh = readMeshFile(dir);
      if (mesh.ephemeral === true) return ephemeralMesh(mesh, slug, (await daemonStatus(home, dir)).state);
      const state = pinnedChain(dir, mesh.mesh_id)?.state ?? null;
      const member = state?.members.get(readKeypair(dir).memberId);
      const { state: daemon } = await daemonStatus(home, dir);
      return {
        mesh: slug,
        mesh_id: mesh.mesh_id,
        address: `@${member?.name ?? mesh.member_name}`,
        role: member?.role ?? null,
        members: state === null ? null : activeMembers(state).length,
        sealed: state !== null,
        ended: hasEnded(dir),
        broker_url: mesh.broker_url,
        daemon,
      };
    }),
  );
}

/** What it knows of its mesh is in the memory of its daemon. */
function ephemeralMesh(mesh: MeshFile, slug: string, daemon: DaemonStatus["state"]): MeshHere {
  const { mesh_id, member_name, broker_url } = mesh;
  const own = { mesh: slug, mesh_id, address: `@${member_name}`, broker_url, daemon };
  return { ...own, role: null, members: null, sealed: true, ended: daemon === "stopped" };
}
