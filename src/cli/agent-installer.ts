/** Coding agents whose settings are written. */
export const agentKinds = ["claude-code", "codex", "gemini-cli", "opencode"] as const;

export type InstallScope = "user" | "project";

/** Writes this program into the settings of a coding agent, and takes it out again. Implemented in src/bin. */
export interface AgentInstaller {
  installAgent(request: AgentInstallRequest): Promise<AgentInstallAnswer>;
  uninstallAgent(request: AgentInstallRequest): Promise<AgentInstallAnswer>;
}

export interface AgentInstallRequest {
  readonly home: string;
  /** null: the only one. */
  readonly mesh: string | null;
  readonly kind: string;
  readonly scope: InstallScope;
  /** Folder of the project, for that scope. */
  readonly project: string;
  readonly dryRun: boolean;
  readonly channel: boolean;
  readonly rewake: boolean;
}

export interface AgentInstallAnswer {
  readonly kind: string;
  readonly scope: InstallScope;
  readonly dry_run: boolean;
  readonly files: readonly AgentFileShown[];
  /** Sentences: what to do next. */
  readonly next: readonly string[];
}

export interface AgentFileShown {
  readonly path: string;
  readonly change: "created" | "changed" | "removed" | "unchanged";
  /** What of ours it holds, or held. */
  readonly holds: string;
  /** Lines that come in and go out, with + and -. */
  readonly lines: readonly string[];
}
