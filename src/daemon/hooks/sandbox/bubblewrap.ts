import { hookBounds } from "./bounds.ts";
import { hookFd, type Launcher, type SandboxRun } from "./launcher.ts";
import { found, isBelow, kernelFolder, resolverFile, socketFolders, systemFolders } from "./seen-folders.ts";

/** Below /dev, which is the hook's own under every policy, so that its path is short and hides nothing of the host's. */
const folder = "/dev/claudemesh";
const socketInside = `${folder}/sock`;

/**
 * Contains by bubblewrap. `bounded`: the words that bound what the hook takes. `ownProc` false: where the host lets nobody
 * mount /proc, the hook has none; never the host's.
 */
export function bubblewrap(
  program: string,
  bounds: Launcher["bounds"],
  bounded: readonly string[],
  ownProc: boolean,
): Launcher {
  return {
    by: "bubblewrap",
    bounds,
    command: (run) => ({
      command: program,
      args: [
        ...namespaces(run),
        ...files(run),
        ...(ownProc ? ["--proc", "/proc"] : ["--tmpfs", "/proc", "--remount-ro", "/proc"]),
        ...device(run),
        ...hidden(run),
        ...(run.fsPolicy === "private" ? ["--remount-ro", "/"] : []),
        "--chdir",
        "/",
        "--",
        ...bounded,
        inside(run.hook),
      ],
      socketPath: socketInside,
    }),
  };
}

/** The hook's group ends with the process that contains it, and that with the daemon, whatever becomes of either. */
function namespaces({ networkPolicy }: SandboxRun): string[] {
  return [
    "--unshare-user",
    "--unshare-pid",
    "--unshare-ipc",
    ...(networkPolicy === "none" ? ["--unshare-net"] : []),
    "--die-with-parent",
    // Without it a member that is root would keep the capabilities to take away what hides its home.
    "--cap-drop",
    "ALL",
  ];
}

function files({ fsPolicy, networkPolicy }: SandboxRun): string[] {
  const resolver = networkPolicy === "host" ? resolverFile() : null;
  const names = resolver === null ? [] : ["--ro-bind", resolver, resolver];
  switch (fsPolicy) {
    case "private":
      return [
        ...systemFolders.flatMap(seen),
        ...temporary("/tmp"),
        "--symlink",
        "../tmp",
        "/var/tmp",
        "--dir",
        "/run",
        ...names,
      ];
    case "read-only":
      return ["--ro-bind", "/", "/", ...socketFolders.flatMap(replaced), ...names, ...socketFolders.flatMap(closed)];
    case "host":
      return ["--bind", "/", "/", ...readOnlyKernel()];
  }
}

/** Whoever owns a control group could end or freeze from there what is in it, the daemon as well, and no hook signals anything. */
function readOnlyKernel(): string[] {
  return found(kernelFolder)?.kind === "folder" ? ["--ro-bind", kernelFolder, kernelFolder] : [];
}

function seen(path: string): string[] {
  const there = found(path);
  if (there === null) return [];
  return there.kind === "link" ? ["--symlink", there.to, path] : ["--ro-bind", path, path];
}

function replaced(path: string): string[] {
  if (found(path)?.kind !== "folder") return [];
  return isTemporary(path) ? temporary(path) : ["--tmpfs", path];
}

/** What is empty stays so. */
function closed(path: string): string[] {
  return found(path)?.kind !== "folder" || isTemporary(path) ? [] : ["--remount-ro", path];
}

function isTemporary(path: string): boolean {
  return path === "/tmp" || path === "/var/tmp";
}

function temporary(path: string): string[] {
  return ["--size", String(hookBounds.temporaryBytes), "--tmpfs", path];
}

/** /dev with the hook itself, copied of the descriptor that was checked, and its socket; then nobody writes there. */
function device({ hook, socketPath }: SandboxRun): string[] {
  return [
    ...["--dev", "/dev"],
    ...["--perms", "0500", "--ro-bind-data", String(hookFd), inside(hook)],
    ...["--ro-bind", socketPath, socketInside],
    ...["--size", String(hookBounds.sharedMemoryBytes), "--tmpfs", "/dev/shm"],
    ...["--remount-ro", "/dev"],
  ];
}

function hidden({ fsPolicy, hidden: folders }: SandboxRun): string[] {
  return folders
    .filter((path) => isSeen(path, fsPolicy) && found(path)?.kind === "folder")
    .flatMap((path) => ["--tmpfs", path, "--remount-ro", path]);
}

function isSeen(path: string, fsPolicy: SandboxRun["fsPolicy"]): boolean {
  if (fsPolicy === "private") return systemFolders.some((shown) => isBelow(path, shown));
  return fsPolicy === "host" || !socketFolders.some((gone) => isBelow(path, gone));
}

function inside(hook: string): string {
  return `${folder}/${hook}`;
}
