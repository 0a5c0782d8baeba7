import { usableId } from "./junk-ids.ts";
import type { HostReaders } from "./readers.ts";

const path = "/etc/machine-id";

/**
 * systemd's id of an installation. "uninitialized" while an image boots for the first time, and empty in one that was made
 * ready for copying, are no ids. One that systemd has made up for this boot alone (the disk was read-only) is mounted over
 * the file from memory: the next boot would have another.
 */
export async function machineId(readers: HostReaders): Promise<string | null> {
  const id = usableId(await readers.readFile(path));
  return id === null || (await isOfThisBoot(readers)) ? null : id;
}

/** The D-Bus daemon's, of systems without systemd; elsewhere a link to the other. */
export async function dbusMachineId(readers: HostReaders): Promise<string | null> {
  return usableId(await readers.readFile("/var/lib/dbus/machine-id"));
}

/** proc(5): `36 35 98:0 /root/of/mount /mount/point options - type source options`. */
async function isOfThisBoot(readers: HostReaders): Promise<boolean> {
  const mounts = (await readers.readFile("/proc/self/mountinfo")) ?? "";
  return mounts.split("\n").some((line) => {
    const [before = "", after = ""] = line.split(" - ");
    return before.split(" ")[4] === path && after.split(" ")[0] === "tmpfs";
  });
}
