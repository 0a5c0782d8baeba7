import { type HomeCheck, ok, problem, warning } from "./check.ts";
import { shellWords } from "../../cli/shell-words.ts";

/** File systems that several hosts share, by the numbers of Linux (statfs): their locks hold on one host, and databases with a log ahead break. */
const shared: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xfe534d42, "SMB"],
  [0xff534d42, "CIFS"],
  [0x01021997, "9p"],
  [0x5346414f, "AFS"],
  [0x6b414653, "AFS"],
  [0x73757245, "Coda"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
  [0x19830326, "BeeGFS"],
  [0x7461636f, "OCFS2"],
  [0x01161970, "GFS2"],
  [0x564c, "NCP"],
  [0x786f4256, "a shared folder of VirtualBox"],
  [0xbacbacbc, "a shared folder of VMware"],
]);
const fuse = 0x65735546;
/** Memory alone: what stands there is gone when the machine is started again. */
const volatile: ReadonlyMap<number, string> = new Map([
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
]);

/** Whether what is written stays, and is locked, as the daemon must be able to rely on. */
export const check: HomeCheck = {
  name: "filesystem",
  run({ home, fileSystem }) {
    const found = fileSystem(home);
    if (found === null) return [];
    const away = `claudemesh down; ${shellWords(["mv", home, "/a/local/disk"])}; then CLAUDEMESH_HOME=/a/local/disk claudemesh up`;
    if (found.readOnly)
      return [problem(`the disk of ${home} is read-only`, "mount it for writing, then: claudemesh up")];
    const name = shared.get(found.type);
    if (name !== undefined)
      return [
        problem(`${home} is on ${name}: locks and databases do not hold on a file system that hosts share`, away),
      ];
    if (found.type === fuse)
      return [
        warning(
          `${home} is on a file system of a program (FUSE): databases hold only if it locks and syncs as a disk does`,
          away,
        ),
      ];
    const memory = volatile.get(found.type);
    return [
      ok(
        memory === undefined
          ? `${home} is on a disk of this host`
          : `${home} is on ${memory}: it is gone when the machine is started again`,
      ),
    ];
  },
};
