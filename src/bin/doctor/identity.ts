import { silentLog } from "../../base/log.ts";
import { readIdentity } from "../../daemon/identity/member.ts";
import { openMembershipFile } from "../../daemon/membership/membership-file.ts";
import { checkSchemaVersion } from "../../daemon/schema-version.ts";
import { join } from "node:path";
import { type DaemonCheck, ok } from "./check.ts";

/** Read as the daemon reads it at its start; what it would refuse is thrown here in the same words. */
export const check: DaemonCheck = {
  name: "identity",
  run(host, { dir, health }) {
    const { mesh } = readIdentity(dir);
    // Without the file the daemon would write it: looking must not.
    if (host.text(join(dir, "schema_version")) !== null) checkSchemaVersion(dir);
    // A daemon that runs has verified it, and says how it stands to the broker's.
    if (health === null) openMembershipFile(dir, mesh.mesh_id, silentLog);
    return [ok(`@${mesh.member_name} of mesh ${mesh.slug}: keys and mesh file are whole`)];
  },
};
