import { bsdInterfaces } from "./bsd-interfaces.ts";
import { darwinInterfaces } from "./darwin-interfaces.ts";
import type { NetworkInterface } from "./interfaces.ts";
import { ioPlatformUuid } from "./io-platform-uuid.ts";
import { linuxInterfaces } from "./linux-interfaces.ts";
import { dbusMachineId, machineId } from "./machine-id.ts";
import { machineGuid } from "./machine-guid.ts";
import { productUuid } from "./product-uuid.ts";
import type { HostReaders } from "./readers.ts";
import { sysctlId } from "./sysctl-id.ts";
import { windowsInterfaces } from "./windows-interfaces.ts";

/** Where a host's id may be read. */
export interface IdSource {
  /** Kept in the host's file and shown; of no two sources the same. */
  readonly name: string;
  read(readers: HostReaders): Promise<string | null>;
}

export interface OsRow {
  /** As `process.platform` names them. */
  readonly platforms: readonly string[];
  /** Part of what is hashed: ids of two systems never meet. */
  readonly namespace: string;
  /** In the order in which they are believed. */
  readonly sources: readonly IdSource[];
  /** Its network interfaces, those that are the host's own hardware or look like it. */
  interfaces(readers: HostReaders): Promise<readonly NetworkInterface[]>;
}

/** Another source is a function and a line here; another system is a row. */
export const osTable: readonly OsRow[] = [
  {
    platforms: ["linux", "android"],
    namespace: "linux",
    sources: [
      { name: "machine-id", read: machineId },
      { name: "dbus-machine-id", read: dbusMachineId },
      { name: "product-uuid", read: productUuid },
    ],
    interfaces: linuxInterfaces,
  },
  {
    platforms: ["darwin"],
    namespace: "darwin",
    sources: [{ name: "io-platform-uuid", read: ioPlatformUuid }],
    interfaces: darwinInterfaces,
  },
  {
    platforms: ["win32"],
    namespace: "windows",
    sources: [{ name: "machine-guid", read: machineGuid }],
    interfaces: windowsInterfaces,
  },
  {
    platforms: ["freebsd", "openbsd", "netbsd", "dragonfly"],
    namespace: "bsd",
    sources: ["kern.hostuuid", "hw.uuid", "machdep.dmi.system-uuid"].map((name) => ({
      name,
      read: (readers) => sysctlId(readers, name),
    })),
    interfaces: bsdInterfaces,
  },
];
