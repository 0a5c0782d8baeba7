import { chmodSync, closeSync, lchownSync, mkdirSync, openSync, rmSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { signalGroup } from "../../base/signal-group.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { openHookSocket } from "./capability/hook-socket.ts";
import type { HookContainment } from "../../protocol/hooks-api.ts";
import type { CapabilityCall, Containment, HookSpec, Launch, LaunchRun } from "./containment.ts";
import { findLauncher, launcherCandidates } from "./sandbox/find-launcher.ts";
import { hiddenFolders, isReachedByOthers } from "./sandbox/hidden-folders.ts";
import { inheritedFiles } from "./sandbox/inherited-files.ts";
import { hookFd, type Launcher } from "./sandbox/launcher.ts";
import { probe } from "./sandbox/probe.ts";
import { makeRunsFolder, removeRunsFolders } from "./sandbox/runs-folder.ts";
import { signalContained } from "./sandbox/signal-contained.ts";
import { startOptions } from "./sandbox/start-options.ts";

/**
 * Whom contained hooks of a daemon run as that runs as root: nobody. In namespaces of its own root still owns what belongs to root,
 * as the files of /proc/sys, and is exempt from the bound on processes.
 */
const nobody = 65_534;

/** How soon it is tried again whether hooks can be contained, after it was found that they cannot. */
const triedAgainMs = 60_000;

export interface ContainmentOptions {
  /** The daemon's folder. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: {
    readonly call: (call: Pick<CapabilityCall, "scope" | "outcome">) => void;
    readonly unenforceable: () => void;
  };
  /** What may contain hooks here; absent: what is found on this host. */
  readonly candidates?: ReturnType<typeof launcherCandidates>;
}

export function createContainment(options: ContainmentOptions): Containment {
  return new HostContainment(options);
}

/** What there is from the first run on. */
interface Live {
  /** Holds a folder for each run. */
  readonly folder: string;
  /** Open on /dev/null. */
  readonly nothing: number;
  readonly inherited: readonly number[];
}

interface Tried {
  readonly launcher: Launcher | null;
  readonly missing: readonly string[];
  readonly at: number;
}

class HostContainment implements Containment {
  readonly #options: ContainmentOptions;
  readonly #uid = process.getuid?.() === 0 ? nobody : null;
  readonly #running = new Set<LaunchRun>();
  #runs: Live | null = null;
  #tried: Promise<Tried> | null = null;
  #hasStopped = false;
  #count = 0;

  constructor(options: ContainmentOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await removeRunsFolders(this.#options.dir, this.#options.env);
  }

  async stop(): Promise<void> {
    this.#hasStopped = true;
    await this.#tried?.catch(() => {});
    await Promise.all([...this.#running].map((run) => run.cleanup()));
    const runs = this.#runs;
    this.#runs = null;
    if (runs === null) return;
    closeSync(runs.nothing);
    rmSync(runs.folder, { recursive: true, force: true });
  }

  async enforcement(): Promise<HookContainment> {
    const { launcher, missing } = await this.#try();
    return { by: launcher?.by ?? null, missing, bounds: launcher?.bounds ?? [] };
  }

  async launch(spec: HookSpec): Promise<Launch> {
    const { launcher, missing } = await this.#try();
    if (launcher === null) this.#options.count.unenforceable();
    if (launcher === null && spec.unenforced === "refuse") {
      return {
        kind: "refused",
        reason: `this host cannot hold it to its policies (${missing.join("; ")}), and [${spec.hook}] unenforced is "refuse"`,
      };
    }
    const folder = this.#newFolder();
    try {
      return await this.#open(spec, launcher, folder);
    } catch (thrown) {
      rmSync(folder, { recursive: true, force: true });
      throw thrown;
    }
  }

  async #open(spec: HookSpec, launcher: Launcher | null, folder: string): Promise<LaunchRun> {
    const { clock, log, count } = this.#options;
    const path = join(folder, "sock");
    const socket = await openHookSocket(spec, { path, clock, log, count: count.call });
    // Contained hooks of root run as somebody else.
    if (launcher !== null) this.#handOver(path);
    const started =
      launcher === null
        ? { command: unenforcedCommand(spec), args: [], socketPath: path }
        : launcher.command({ ...spec, socketPath: path, hidden: this.#hidden() });
    const env = {
      ...spec.env,
      CLAUDEMESH_DAEMON_SOCK: started.socketPath,
      ...(socket.token === null ? {} : { CLAUDEMESH_CAPABILITY_TOKEN: socket.token }),
    };
    let ended: Promise<void> | null = null;
    const run: LaunchRun = {
      kind: "run",
      enforced: launcher !== null,
      command: started.command,
      args: started.args,
      options: this.#startOptions(spec.fd, env, launcher === null ? null : this.#uid),
      async signal(pid, signal) {
        if (launcher === null || signal === "SIGKILL") signalGroup(pid, signal);
        else await signalContained(pid, signal);
      },
      calls: () => socket.calls(),
      cleanup: () => (ended ??= this.#end(run, socket, folder)),
    };
    this.#running.add(run);
    return run;
  }

  async #end(run: LaunchRun, socket: { stop(): Promise<void> }, folder: string): Promise<void> {
    this.#running.delete(run);
    await socket.stop();
    rmSync(folder, { recursive: true, force: true });
  }

  #try(): Promise<Tried> {
    const { clock } = this.#options;
    this.#tried ??= this.#tryOut();
    return this.#tried.then(
      (tried) => {
        if (tried.launcher === null && clock.now() - tried.at >= triedAgainMs) this.#tried = null;
        return tried;
      },
      (thrown: unknown) => {
        // It could not even be tried, the disk being full for instance: that says nothing of the next time.
        this.#tried = null;
        throw thrown;
      },
    );
  }

  async #tryOut(): Promise<Tried> {
    const { clock, log, candidates } = this.#options;
    const folder = this.#newFolder();
    try {
      const { launcher, missing } = await findLauncher(
        candidates ?? launcherCandidates(process.platform, release()),
        (candidate) =>
          probe(candidate, {
            folder,
            hidden: this.#hidden(),
            clock,
            options: ({ fd, env }) => this.#startOptions(fd, env, this.#uid),
            handOver: (path) => this.#handOver(path),
          }),
      );
      if (launcher === null) log.warn({ missing }, "hooks cannot be contained on this host");
      else log.info({ by: launcher.by, bounds: launcher.bounds, missing }, "hooks are contained");
      return { launcher, missing, at: clock.now() };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #startOptions(fd: number, env: Readonly<Record<string, string>>, uid: number | null) {
    const { inherited, nothing } = this.#live();
    return startOptions({ fd, env, uid, inherited, nothing });
  }

  #hidden(): readonly string[] {
    const { dir, env } = this.#options;
    const folders = [...hiddenFolders(dir, env), this.#live().folder];
    return this.#uid === null ? folders : folders.filter(isReachedByOthers);
  }

  /**
   * Of one run. Where another user runs it, that one passes through and changes nothing: else any process of that user's could put
   * a socket of its own in the place of the run's, or a link in the way of what this process does there as root.
   */
  #newFolder(): string {
    const folder = join(this.#live().folder, String(++this.#count));
    mkdirSync(folder, { mode: 0o700 });
    if (this.#uid !== null) chmodSync(folder, 0o711);
    return folder;
  }

  #handOver(path: string): void {
    if (this.#uid !== null) lchownSync(path, this.#uid, this.#uid);
  }

  /** Made with the first run: most daemons have no hooks. */
  #live(): Live {
    if (this.#hasStopped) throw new ClaudemeshError("stopping", "the daemon does not run hooks now");
    if (this.#runs !== null) return this.#runs;
    const { dir, env } = this.#options;
    this.#runs = {
      folder: makeRunsFolder(dir, env, this.#uid !== null),
      nothing: openSync("/dev/null", "r"),
      inherited: inheritedFiles(),
    };
    return this.#runs;
  }
}

/**
 * The file that was checked and not what stands at its path by now. Where no path names an open file that could be started, the
 * path it is: whoever can change it is the user, as whom it runs.
 */
function unenforcedCommand({ path }: HookSpec): string {
  return process.platform === "linux" ? `/proc/self/fd/${hookFd}` : path;
}
