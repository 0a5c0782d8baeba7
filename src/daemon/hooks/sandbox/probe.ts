import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { chmodSync, closeSync, openSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../../base/clock.ts";
import type { Launcher, SandboxRun } from "./launcher.ts";
import type { FsPolicy, NetworkPolicy } from "./policy.ts";

/** A whole try takes some tens of milliseconds. */
const tryMs = 5_000;
const outputCharsMax = 4_096;

/**
 * What a hook would find that it must not. Written as a hook is, and started as one, so that it finds what a hook finds: what it
 * prints is wrong, but for the last word.
 */
const script = `#!/bin/sh
[ -S "$CLAUDEMESH_DAEMON_SOCK" ] || echo "its socket is not there"
[ -z "$(ls -A "$HIDDEN" 2>/dev/null)" ] || echo "the home of claudemesh can be seen"
if [ -e /proc/self/status ]; then
  # Its own number alone, and none of a namespace around it: /proc is that of its own processes.
  [ "$(readlink /proc/self/ns/pid)" != "$OUTER" ] && grep -qE "^NSpid:[[:space:]]*[0-9]+$" /proc/self/status
else [ $$ -le 64 ]; fi || echo "the processes of the host can be seen"
[ ! -e /proc/self/status ] || grep -q "^CapEff:[[:space:]]*0*$" /proc/self/status || echo "it has capabilities"
umount "$HIDDEN" 2>/dev/null && echo "what hides the home can be taken away"
if [ "$FS_POLICY" != host ]; then
  for dir in / /usr /etc "$HOME"; do [ ! -w "$dir" ] || echo "$dir can be written to"; done
  : > /tmp/probe || echo "it has no temporary files"
  while read -r _ dir _ options _; do
    case $dir in /tmp | /var/tmp | /dev | /dev/* | /proc | /proc/*) continue ;; esac
    case $options in ro | ro,*) ;; *) echo "the file system at $dir can be written to" ;; esac
  done 2>/dev/null < /proc/self/mounts
fi
[ "$FS_POLICY" != private ] || [ ! -e /sys/kernel ] || echo "more than the system's folders can be seen"
if [ "$NETWORK_POLICY" = none ] && [ -e /proc/net/dev ]; then
  while read -r name _; do
    case $name in Inter-* | face* | lo:*) ;; *) echo "the network interface $name is there" ;; esac
  done < /proc/net/dev
fi
for device in /dev/kmsg /dev/mem /dev/fuse /dev/tty[0-9] /dev/pts/[0-9]*; do
  [ ! -e "$device" ] || echo "the device $device is there"
done
(:) || echo "it cannot start a process"
echo done
`;

const cases: readonly (readonly [FsPolicy, NetworkPolicy])[] = [
  ["private", "none"],
  ["private", "host"],
  ["read-only", "none"],
  ["host", "host"],
];

/** Where a try is made. */
export interface ProbeSite {
  /** As runs have one: its file `sock` is their socket. Nothing is in it. */
  readonly folder: string;
  readonly hidden: readonly string[];
  readonly clock: Clock;
  /** How the process of a run is started. */
  readonly options: (run: { readonly fd: number; readonly env: Readonly<Record<string, string>> }) => SpawnOptions;
  /** Gives a file to whoever runs hooks. */
  readonly handOver: (path: string) => void;
}

/** Runs a hook that looks around, once for each policy. null: all of them hold; else what does not, in words. */
export async function probe(launcher: Launcher, site: ProbeSite): Promise<string | null> {
  const path = join(site.folder, "hook");
  writeFileSync(path, script, { mode: 0o500 });
  const socketPath = join(site.folder, "sock");
  const server = createServer().unref();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(socketPath, resolve));
  try {
    chmodSync(socketPath, 0o600);
    site.handOver(socketPath);
    const found = await Promise.all(
      cases.map(async ([fsPolicy, networkPolicy]) => {
        const run = { hook: "probe", fsPolicy, networkPolicy, socketPath, hidden: site.hidden };
        const wrong = await tried(launcher, run, path, site);
        return wrong === null ? null : `under ${fsPolicy} and ${networkPolicy}: ${wrong}`;
      }),
    );
    return found.find((wrong) => wrong !== null) ?? null;
  } finally {
    await new Promise((resolve) => server.close(resolve));
    rmSync(path, { force: true });
  }
}

async function tried(launcher: Launcher, run: SandboxRun, path: string, site: ProbeSite): Promise<string | null> {
  const { command, args, socketPath } = launcher.command(run);
  const fd = openSync(path, "r");
  try {
    const env = {
      PATH: "/usr/bin:/bin:/usr/sbin:/sbin",
      HOME: homedir(),
      CLAUDEMESH_DAEMON_SOCK: socketPath,
      OUTER: readlinkSync("/proc/self/ns/pid"),
      HIDDEN: run.hidden[0] ?? "",
      FS_POLICY: run.fsPolicy,
      NETWORK_POLICY: run.networkPolicy,
    };
    return await said(spawn(command, args, site.options({ fd, env })), site.clock);
  } finally {
    closeSync(fd);
  }
}

function said(child: ChildProcess, clock: Clock): Promise<string | null> {
  return new Promise((resolve) => {
    let output = "";
    const hear = (chunk: string): void => {
      output = (output + chunk).slice(0, outputCharsMax);
    };
    child.stdin?.on("error", () => {}).end();
    for (const stream of [child.stdout, child.stderr])
      stream
        ?.setEncoding("utf8")
        .on("data", hear)
        .on("error", () => {});
    const timer = clock.after(tryMs, () => child.kill("SIGKILL"));
    child.once("error", (error) => settle(error.message));
    child.once("close", (code, signal) => {
      const words = output.trim();
      if (code === 0 && words === "done") settle(null);
      else settle(words.replace(/\s+/g, " ").slice(0, 200) || `it ended with ${signal ?? code}`);
    });
    const settle = (wrong: string | null): void => {
      timer.cancel();
      resolve(wrong);
    };
  });
}
