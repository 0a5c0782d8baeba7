import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Server } from "node:net";
import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { tempFolder } from "../../../test/support/temp-folder.ts";
import { onEnd, type Lifetime } from "../../../test/support/on-end.ts";
import { contained, ended, nothingContains, only, printed, started } from "./containment.fixture.ts";
import type { FsPolicy } from "./sandbox/policy.ts";

const policies: readonly FsPolicy[] = ["private", "read-only", "host"];
const onLinux = { skip: process.platform !== "linux" };

for (const by of ["bubblewrap", "unshare"] as const) {
  const options = (): { candidates: ReturnType<typeof only> } => ({ candidates: only(by) });

  test(`${by}: what it enforces is found by trying`, onLinux, async (t) => {
    const { containment } = contained(t, options());
    assert.deepEqual(await containment.enforcement(), {
      by,
      missing: [],
      bounds: ["memory", "file_size", "processes"],
    });
  });

  test(`${by}: under no policy a hook finds the keys, the inbox or the socket of the daemon`, onLinux, async (t) => {
    const { dir, home, run } = contained(t, options());
    await listening(t, createServer(), join(dir, "sock"));
    for (const fsPolicy of policies) {
      const { code, stdout } = await run(
        `cat ${dir}/keypair.json ${dir}/inbox.db; ls -A ${home}; [ -e ${dir}/sock ] && echo socket; [ -S "$CLAUDEMESH_DAEMON_SOCK" ] && echo own`,
        { fsPolicy },
      );
      assert.deepEqual([code, stdout], [0, "own\n"], fsPolicy);
    }
  });

  test(
    `${by}: a hook writes outside under the policy host alone, and never to what runs next time`,
    onLinux,
    async (t) => {
      const { outside, run } = contained(t, options());
      const script = `echo written > ${outside}/mark && echo outside; echo >> /etc/hosts && echo etc; echo x > /tmp/mine && echo temporary; echo exit 1 > "$0" && echo itself`;
      // What its user may not write anyway is held by the mount all the same.
      const mounts = `while read -r _ dir _ options _; do
        case $dir in /tmp | /var/tmp | /dev | /dev/* | /proc | /proc/*) continue ;; esac
        case $options in ro | ro,*) ;; *) echo "$dir" ;; esac
      done < /proc/self/mounts`;
      for (const fsPolicy of ["private", "read-only"] as const)
        assert.equal((await run(`${script}\n${mounts}`, { fsPolicy })).stdout, "temporary\n", fsPolicy);
      assert.deepEqual(
        readdirSync(outside).filter((name) => !name.startsWith("hook-")),
        [],
      );
      const { stdout } = await run(
        `echo written > ${outside}/mark && echo outside; echo exit 1 > "$0" && echo itself`,
        {
          fsPolicy: "host",
        },
      );
      assert.equal(stdout, "outside\n");
      assert.equal(readFileSync(join(outside, "mark"), "utf8"), "written\n");
    },
  );

  test(
    `${by}: a hook reaches the host's network, and sockets without a path, under the policy host alone`,
    onLinux,
    async (t) => {
      const { run } = contained(t, options());
      const server = await listening(
        t,
        createServer((socket) => socket.end()),
        0,
      );
      const { port } = server.address() as AddressInfo;
      const script = `(exec 5<>/dev/tcp/127.0.0.1/${port}) && echo reached; sed 1,2d /proc/net/dev | cut -d: -f1 | tr -d ' '`;
      assert.equal((await run(script, { networkPolicy: "none" })).stdout, "lo\n");
      assert.match((await run(script, { networkPolicy: "host" })).stdout, /^reached\n/);
    },
  );

  test(`${by}: a hook has devices that are nobody's, and gives the kernel no orders`, onLinux, async (t) => {
    const { run } = contained(t, options());
    const own = "claudemesh core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero".split(" ");
    for (const fsPolicy of policies) {
      const { stdout } = await run(
        `ls /dev; ls /dev/pts
         # The last that is mounted at a place is what stands there.
         declare -A at; while read -r _ dir _ options _; do at[$dir]=$options; done < /proc/self/mounts
         for dir in "\${!at[@]}"; do case $dir:\${at[$dir]} in /sys:rw* | /sys/*:rw* | /dev:rw*) echo "$dir takes writing" ;; esac; done
         echo x > /dev/null && head -c 1 /dev/urandom | wc -c`,
        { fsPolicy },
      );
      const seen = stdout.trim().split("\n");
      assert.equal(seen.pop(), "1", fsPolicy);
      assert.deepEqual(
        seen.filter((line) => !own.includes(line)),
        [],
        fsPolicy,
      );
    }
  });

  test(`${by}: a hook has nothing open but its pipes and the copy that it is`, onLinux, async (t) => {
    const { run } = contained(t, options());
    const { stdout } = await run(
      'for fd in /proc/$$/fd/*; do at=$(readlink $fd); case $at in pipe:* | socket:* | /dev/null | "$0" | "$0 (deleted)" | "") ;; *) echo "$at" ;; esac; done',
      { fsPolicy: "host" },
    );
    assert.equal(stdout, "");
  });

  test(`${by}: a hook sees no process of the host, none of its variables, and can signal none`, onLinux, async (t) => {
    const { run } = contained(t, options());
    const { pid } = process;
    const { stdout, stderr } = await run(
      `cat /proc/${pid}/environ /proc/${pid}/maps; kill -0 ${pid} && echo signalled; ls -d /proc/[0-9]* | wc -l; env`,
      { fsPolicy: "host", env: { PATH: "/usr/bin:/bin", ONLY: "this" } },
    );
    const [processes = "", ...variables] = stdout.trim().split("\n");
    assert.ok(Number(processes) < 10, stdout);
    assert.match(stderr, /environ: No such file/);
    assert.deepEqual(
      variables.map((line) => line.split("=")[0]).toSorted(),
      ["CLAUDEMESH_DAEMON_SOCK", "ONLY", "PATH", "PWD", "SHLVL", "_"].toSorted(),
    );
  });

  test(
    `${by}: a hook has no capability, gains none, and takes away nothing of what hides the home`,
    onLinux,
    async (t) => {
      const { home, dir, run } = contained(t, options());
      const { stdout } = await run(
        `grep -E "^(CapEff|CapPrm|CapBnd|NoNewPrivs)" /proc/self/status | tr -d '\\t '
       umount ${home} && echo unmounted
       unshare --user --map-root-user --mount sh -c 'umount ${home}; cat ${dir}/keypair.json'
       cat /proc/sys/kernel/core_pattern > /proc/sys/kernel/hostname && echo written
       [ -w /proc/sys/kernel/core_pattern ] && echo writable`,
        { fsPolicy: "host" },
      );
      const none = "0000000000000000";
      assert.equal(stdout, `CapPrm:${none}\nCapEff:${none}\nCapBnd:${none}\nNoNewPrivs:1\n`);
    },
  );

  test(`${by}: a fork bomb gets as many processes as a hook may have, and all end with it`, onLinux, async (t) => {
    const { launch, run } = contained(t, options());
    // The shell that starts them ends at the first that it cannot have; their output is the hook's, and closes when all have ended.
    const { stdout } = await run(
      `sh -c 'n=0; while [ $n -lt 2000 ]; do sleep 3600 & n=$((n+1)); echo $n > /tmp/n; done' 2> /tmp/why; cat /tmp/n`,
    );
    assert.ok(Number(stdout) > 200 && Number(stdout) < 256, stdout);
    const launched = await launch("bomb() { bomb | bomb & }; echo bombing; bomb; wait; bomb; wait; sleep 3600");
    const child = started(t, launched);
    const bombing = printed(child, "bombing");
    const end = ended(child);
    await bombing;
    await launched.signal(Number(child.pid), "SIGKILL");
    assert.equal((await end).signal, "SIGKILL");
  });

  test(`${by}: what leaves the group of a hook ends with the hook all the same`, onLinux, async (t) => {
    const { run } = contained(t, options());
    // Its output is held open by the daemon that it makes: it closes when that has ended.
    const { code, stdout } = await run(
      `setsid -f sleep 3600; setsid -f sh -c 'trap "" TERM HUP; sleep 3600'; echo left`,
    );
    assert.deepEqual([code, stdout], [0, "left\n"]);
  });

  test(`${by}: SIGTERM gives a hook the time to end well, and SIGKILL ends one that ignores it`, onLinux, async (t) => {
    const { launch } = contained(t, options());
    for (const [trap, name, expected] of [
      [`'echo cleaned up; exit 3'`, "SIGTERM", { code: 3, signal: null, stdout: "ready\ncleaned up\n" }],
      [`''`, "SIGKILL", { code: null, signal: "SIGKILL", stdout: "ready\n" }],
    ] as const) {
      const launched = await launch(`trap ${trap} TERM; echo ready; while :; do sleep 3600 & wait; done`);
      const child = started(t, launched);
      const ready = printed(child, "ready");
      const end = ended(child);
      await ready;
      await launched.signal(Number(child.pid), "SIGTERM");
      if (name === "SIGKILL") await launched.signal(Number(child.pid), "SIGKILL");
      const { code, signal, stdout } = await end;
      assert.deepEqual({ code, signal, stdout }, expected);
    }
  });

  test(`${by}: a hook takes no more memory and writes no larger file than it may`, onLinux, async (t) => {
    const { run } = contained(t, options());
    const { stdout } = await run(`ulimit -d; ulimit -f; ulimit -n; ulimit -c; df --output=size -B1 /tmp | tail -1`);
    const [data, file, open, core, temporary] = stdout.trim().split(/\s+/);
    assert.deepEqual([data, file, open, core, temporary], ["2097152", "262144", "1024", "0", "268435456"]);
  });
}

test(
  "of several ways to contain, the first that holds when it is tried is used, and why the others are not is told",
  onLinux,
  async (t) => {
    const [real] = only("unshare").candidates;
    assert.ok(real !== undefined);
    const open = {
      ...real,
      by: "bubblewrap" as const,
      command: (run: Parameters<typeof real.command>[0]) => ({
        command: "/bin/sh",
        args: ["-c", "sh <&3"],
        socketPath: run.socketPath,
      }),
    };
    const { containment } = contained(t, { candidates: { candidates: [open, real], missing: [] } });
    const { by, missing } = await containment.enforcement();
    assert.equal(by, "unshare");
    assert.match(
      missing.join("\n"),
      /^bubblewrap does not contain a hook here: under private and none: .*the processes of the host can be seen/,
    );
  },
);

test("what could not even be tried is tried again with the next run", async (t) => {
  let runs = 0;
  const flaky = {
    by: "bubblewrap" as const,
    bounds: [],
    command(): never {
      runs += 1;
      throw new Error("no room");
    },
  };
  const { containment } = contained(t, { candidates: { candidates: [flaky], missing: [] } });
  for (const _ of [1, 2]) await assert.rejects(containment.enforcement(), /no room/);
  assert.ok(runs >= 2, String(runs));
});

test("what the daemon was itself given open, a hook is not given", onLinux, async (t) => {
  const folder = tempFolder(t);
  const secret = join(folder, "secret");
  writeFileSync(secret, "the secret", { mode: 0o644 });
  const leaked = openSync(secret, "r+");
  const fixture = fileURLToPath(new URL("leaking-process.fixture.ts", import.meta.url));
  const child = spawn(process.execPath, [fixture, folder], {
    stdio: ["pipe", "pipe", "pipe", "ignore", leaked, ...Array<"ignore">(40).fill("ignore"), leaked],
  });
  closeSync(leaked);
  const { stdout, stderr } = await ended(child);
  const open = stdout.trim().split("\n");
  assert.ok(open.length >= 5, `${stdout}${stderr}`);
  assert.deepEqual(
    open.filter((path) => path.includes("secret")),
    [],
  );
});

test("where nothing contains hooks one is refused with the reason, and runs as the user where its table says so", async (t) => {
  const { containment, counted, dir, run } = contained(t, { candidates: nothingContains });
  assert.deepEqual(await containment.enforcement(), { by: null, missing: ["nothing is here"], bounds: [] });
  await assert.rejects(
    run("echo never"),
    /cannot hold it to its policies \(nothing is here\), and \[on-dm\] unenforced/,
  );
  const { stdout } = await run(`cat ${dir}/keypair.json; id -u`, { unenforced: "run" });
  assert.equal(stdout, `the secret${process.getuid?.()}\n`);
  assert.equal(counted.unenforceable, 2);
});

test(
  "the folder of a run is its own and gone with it; what a killed daemon left goes at the next start, and nobody else's",
  onLinux,
  async (t) => {
    const { launch, containment, dir } = contained(t, { candidates: nothingContains });
    const other = contained(t, { candidates: nothingContains });
    const [left, others] = [
      await launch("true", { unenforced: "run" }),
      await other.launch("true", { unenforced: "run" }),
    ];
    const socketOf = ({ options }: typeof left): string => String(options.env?.["CLAUDEMESH_DAEMON_SOCK"]);
    assert.equal(statSync(socketOf(left)).mode & 0o777, 0o600);
    // Another user whom hooks run as passes through by the name, and changes nothing there.
    const { mode, uid } = statSync(join(socketOf(left), ".."));
    assert.deepEqual([mode & 0o777, uid], [process.getuid?.() === 0 ? 0o711 : 0o700, process.getuid?.()]);
    const launched = await launch("true", { unenforced: "run" });
    await launched.cleanup();
    await launched.cleanup();
    assert.throws(() => statSync(join(socketOf(launched), "..")), { code: "ENOENT" });
    const next = contained(t, { candidates: nothingContains, dir });
    await next.containment.start();
    assert.throws(() => statSync(join(socketOf(left), "../..")), { code: "ENOENT" });
    statSync(socketOf(others));
    await other.containment.stop();
    assert.throws(() => statSync(join(socketOf(others), "../..")), { code: "ENOENT" });
    await containment.stop();
  },
);

function listening(t: Lifetime, server: Server, where: string | number): Promise<Server> {
  onEnd(t, () => server.close());
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    if (typeof where === "string") server.listen(where, () => resolve(server));
    else server.listen(where, "127.0.0.1", () => resolve(server));
  });
}
