import { lstatSync, readlinkSync, realpathSync } from "node:fs";

/** Folders of a system, in which programs are and no user's files: all that is seen of the host under `private`. */
export const systemFolders = [
  "/usr",
  "/bin",
  "/sbin",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/etc",
  "/opt",
  "/nix",
  "/gnu",
] as const;

/**
 * Folders in which programs have their sockets and users their temporary files. A file system that takes no writing still
 * takes connections to its sockets, so that under `read-only` these are not there.
 */
export const socketFolders = ["/run", "/tmp", "/var/run", "/var/tmp"] as const;

/** What the kernel tells of devices, drivers and control groups, and takes orders by. */
export const kernelFolder = "/sys";

export type Found = { readonly kind: "folder" } | { readonly kind: "link"; readonly to: string };

/** What stands at a path of the host; null: nothing that is a folder or a link to one. */
export function found(path: string): Found | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink() === true) return { kind: "link", to: readlinkSync(path) };
  return stat?.isDirectory() === true ? { kind: "folder" } : null;
}

export function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}

/** Where the addresses of name servers stand, if that is a folder which is not seen. */
export function resolverFile(): string | null {
  try {
    const real = realpathSync("/etc/resolv.conf");
    return isBelow(real, "/run") ? real : null;
  } catch {
    return null;
  }
}
