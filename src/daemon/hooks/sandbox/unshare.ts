import { hookBounds } from "./bounds.ts";
import { hookFd, type Launcher } from "./launcher.ts";
import { kernelFolder, socketFolders, systemFolders } from "./seen-folders.ts";

/** The programs of util-linux that contain where there is no bubblewrap. */
export interface UnshareTools {
  readonly unshare: string;
  readonly setpriv: string;
  readonly shell: string;
}

/** Below /dev, which is the hook's own under every policy: the script makes it. */
const folder = "/dev/claudemesh";

/** Devices that hold nothing of this host's. The user's terminals, sound and cameras are the user's, and so no hook's. */
const devices = ["null", "zero", "full", "random", "urandom", "tty"] as const;

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
while read -r _ _ _ _ dir options _; do
  dir=$(printf %b "$dir")
  case $policy:$dir in
    *:/proc | *:/proc/*) continue ;;
    host:${kernelFolder} | host:${kernelFolder}/*) ;;
    host:*) continue ;;
  esac
  mount -o "remount,bind,ro\${options#r[wo]}" "$dir" || ! mountpoint -q "$dir"
done < /proc/self/mountinfo
made=/dev/shm
mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs $made
for device in ${devices.join(" ")}; do
  : > $made/$device
  mount --bind /dev/$device $made/$device
done
ln -s /proc/self/fd $made/fd
ln -s fd/0 $made/stdin
ln -s fd/1 $made/stdout
ln -s fd/2 $made/stderr
mkdir $made/shm $made/pts $made/claudemesh
if mount -t devpts -o newinstance,nosuid,noexec,ptmxmode=666,mode=620 devpts $made/pts 2> $made/null; then ln -s pts/ptmx $made/ptmx; fi
mount -t tmpfs -o nosuid,nodev,mode=1777,size=${hookBounds.sharedMemoryBytes} tmpfs $made/shm
: > $made/claudemesh/sock
mount --bind "$socket" $made/claudemesh/sock
cat <&${hookFd} > "$made/claudemesh/$hook"
exec ${hookFd}<&-
chmod 500 "$made/claudemesh/$hook"
mount --rbind $made /dev
mount -o remount,bind,ro,nosuid,nodev /dev
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
