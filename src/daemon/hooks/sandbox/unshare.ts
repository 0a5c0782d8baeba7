import { hookBounds } from "./bounds.ts";
import { hookFd, type Launcher } from "./launcher.ts";
import { socketFolders, systemFolders } from "./seen-folders.ts";

/** The programs of util-linux that contain where there is no bubblewrap. */
export interface UnshareTools {
  readonly unshare: string;
  readonly setpriv: string;
  readonly shell: string;
}

/** In a file system of its own over a folder that every Linux has: the script makes it. */
const folder = "/dev/shm/claudemesh";

/**
 * What the first process of the new namespaces does before it starts the hook. All mounts are its own: nothing of it is seen
 * outside. Whatever of it fails ends it, so that a hook never runs half contained. What it hides stays hidden, since the hook
 * has no capability to take a mount away, and in namespaces that it makes itself these mounts are locked.
 */
const script = `set -eu
policy=$1 hook=$2 socket=$3
shift 3
empty() { mount -t tmpfs -o ro,nosuid,nodev,size=4k,mode=755 tmpfs "$1"; }
temporary() { mount -t tmpfs -o nosuid,nodev,mode=1777,size=${hookBounds.temporaryBytes} tmpfs "$1"; }
if [ "$policy" != host ]; then
  while read -r _ _ _ _ dir options _; do
    dir=$(printf %b "$dir")
    case $dir in /proc | /proc/*) continue ;; esac
    mount -o "remount,bind,ro\${options#r[wo]}" "$dir" || ! mountpoint -q "$dir"
  done < /proc/self/mountinfo
fi
mount -t tmpfs -o nosuid,nodev,mode=755,size=${hookBounds.sharedMemoryBytes} tmpfs /dev/shm
mkdir ${folder}
: > ${folder}/sock
mount --bind "$socket" ${folder}/sock
cat <&${hookFd} > "${folder}/$hook"
exec ${hookFd}<&-
chmod 500 "${folder}/$hook"
case $policy in
  private)
    for dir in /* /.[!.]*; do
      if [ -h "$dir" ] || ! [ -d "$dir" ]; then continue; fi
      case $dir in ${systemFolders.join(" | ")} | /dev | /proc) ;; /tmp) temporary /tmp ;; *) empty "$dir" ;; esac
    done
    ;;
  read-only)
    for dir in ${socketFolders.join(" ")}; do
      if [ -h "$dir" ] || ! [ -d "$dir" ]; then continue; fi
      case $dir in */tmp) temporary "$dir" ;; *) empty "$dir" ;; esac
    done
    ;;
esac
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then empty "$1"; fi
  shift
done
shift
cd /
unset OLDPWD
"$@" "${folder}/$hook" || exit $?
`;

/** Contains by the tools of util-linux. `bounded`: the words that bound what the hook takes. */
export function unshare(tools: UnshareTools, bounds: Launcher["bounds"], bounded: readonly string[]): Launcher {
  return {
    by: "unshare",
    bounds,
    command: ({ hook, fsPolicy, networkPolicy, socketPath, hidden }) => ({
      command: tools.setpriv,
      args: [
        // The daemon's end is its end, and its end that of all it holds.
        ...["--pdeathsig", "KILL", "--", tools.unshare, "--kill-child=KILL", "--fork"],
        ...["--user", "--map-root-user", "--mount", "--pid", "--mount-proc", "--ipc"],
        ...(networkPolicy === "none" ? ["--net"] : []),
        ...["--", tools.shell, "-c", script, "claudemesh", fsPolicy, hook, socketPath, ...hidden, "--"],
        ...[tools.setpriv, "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--", ...bounded],
      ],
      socketPath: `${folder}/sock`,
    }),
  };
}
