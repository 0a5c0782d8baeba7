import { silentLog } from "../../base/log.ts";
import { readIdentity } from "../../daemon/identity/member.ts";
import { type MeshFile, readMeshFile } from "../../daemon/identity/mesh-file.ts";
import { openMembershipFile } from "../../daemon/membership/membership-file.ts";
import { checkSchemaVersion } from "../../daemon/schema-version.ts";
import { join } from "node:path";
import { type DaemonCheck, ok, type Outcome, warning } from "./check.ts";

/** Read as the daemon reads it at its start; what it would refuse is thrown here in the same words. */
export const check: DaemonCheck = {
  name: "identity",
  run(host, { dir, health }) {
    const ephemeral = readMeshFile(dir);
    if (ephemeral.ephemeral === true) return [ephemeralIdentity(ephemeral, health !== null)];
    const { mesh } = readIdentity(dir);
    // Without the file the daemon would write it: looking must not.
    if (host.text(join(dir, "schema_version")) !== null) checkSchemaVersion(dir);
    // A daemon that runs has verified it, and says how it stands to the broker's.
    if (health === null) openMembershipFile(dir, mesh.mesh_id, silentLog);
    return [ok(`@${mesh.member_name} of mesh ${mesh.slug}: keys and mesh file are whole`)];
  },
};

/** Its keys are in the memory of its daemon. */
function ephemeralIdentity({ member_name: name, slug }: MeshFile, runs: boolean): Outcome {
  return runs
    ? ok(`@${name} of mesh ${slug} is ephemeral: its keys and messages end with its daemon`)
    : warning(
        `the ephemeral @${name} of mesh ${slug} has ended, and its folder is left`,
        "the next claudemesh up removes it",
      );
}
