import type { Log } from "../../base/log.ts";
import type { Membership } from "../parts.ts";
import { readMeshFile, writeMeshFile } from "./mesh-file.ts";

/**
 * Keeps mesh.json's name that of the membership, at once and from now on: whoever looks at the folder of a daemon that does not run
 * knows its member by that name alone. A file that cannot be written is tried again at the next change and the next start.
 */
export function followOwnName(
  dir: string,
  memberId: string,
  membership: Pick<Membership, "state" | "onChange">,
  log: Log,
): () => void {
  const follow = (): void => {
    const name = membership.state()?.members.get(memberId)?.name;
    if (name === undefined) return;
    try {
      const mesh = readMeshFile(dir);
      if (mesh.member_name !== name) writeMeshFile(dir, { ...mesh, member_name: name });
    } catch (error) {
      log.warn({ err: error }, "mesh.json could not be given this member's new name");
    }
  };
  follow();
  return membership.onChange(follow);
}
