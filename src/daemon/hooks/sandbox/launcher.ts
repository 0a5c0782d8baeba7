import type { HookContainment } from "../../../protocol/hooks-api.ts";
import type { FsPolicy, NetworkPolicy } from "./policy.ts";

/** One run as a launcher is told of it. */
export interface SandboxRun {
  /** Its name among the hooks. */
  readonly hook: string;
  readonly fsPolicy: FsPolicy;
  readonly networkPolicy: NetworkPolicy;
  /** The socket of this run, on the host. */
  readonly socketPath: string;
  /** Folders of the host that must not be seen, as they are without links. */
  readonly hidden: readonly string[];
}

/** How a run is started. The executable comes in as {@link hookFd}. */
export interface SandboxCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The socket as the hook finds it. */
  readonly socketPath: string;
}

/** A way to contain hooks. Whether it works on this host is found out by trying: sandbox/probe.ts. */
export interface Launcher {
  readonly by: NonNullable<HookContainment["by"]>;
  readonly bounds: HookContainment["bounds"];
  command(run: SandboxRun): SandboxCommand;
}

/** The descriptor that the hook's executable is open at in the process that starts it. */
export const hookFd = 3;
