import { existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Ran, run } from "./run.ts";

const systemFolders = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
/** Where a sandbox has what was given to it. */
export const sandboxPaths = { home: "/home/user", node: "/opt/node/bin/node", installed: "/opt/installed" } as const;

/** The Node that this machine's users have, rather than the one that belongs to the checkout. */
export function hostNode(): string {
  const found = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "node"));
  const real = found.filter((path) => existsSync(path)).map((path) => realpathSync(path));
  return real.find((path) => path !== process.execPath) ?? process.execPath;
}

/**
 * Runs a shell script, which ends at its first error, on what looks like another machine: the system's own folders, this
 * host's Node, the folder `installed` (not writable), an empty home, no environment. Processes that it leaves end with it.
 */
export function sandbox(installed: string, path: readonly string[], script: string): Promise<Ran> {
  const folders = systemFolders.filter((folder) => existsSync(folder));
  return run("bwrap", [
    ...["--unshare-pid", "--die-with-parent", "--clearenv", "--tmpfs", "/"],
    ...folders.flatMap((folder) =>
      lstatSync(folder).isSymbolicLink() ? ["--symlink", readlinkSync(folder), folder] : ["--ro-bind", folder, folder],
    ),
    ...["--ro-bind", "/etc", "/etc", "--proc", "/proc", "--dev", "/dev", "--dir", "/tmp", "--dir", sandboxPaths.home],
    ...["--ro-bind", hostNode(), sandboxPaths.node, "--ro-bind", installed, sandboxPaths.installed],
    ...["--setenv", "HOME", sandboxPaths.home, "--chdir", sandboxPaths.home],
    ...["--setenv", "PATH", [...path, "/opt/node/bin", "/usr/bin", "/bin"].join(":")],
    ...["sh", "-euc", script],
  ]).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new Error("there is no bwrap: install bubblewrap (Debian: apt-get install bubblewrap)", { cause: error });
  });
}
