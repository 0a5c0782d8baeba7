import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** What installing a service needs of a machine; a test gives another one. */
export interface ServiceHost {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  readonly userName: string;
  readonly uid: number;
  /** Before every path of the system, as /etc: empty on a machine itself. */
  readonly root: string;
  readonly node: string;
  readonly program: string;
  /** Runs a program to its end; never throws. Absolute paths alone: what PATH would find is nobody's promise. */
  runTool(command: string, args: readonly string[]): Promise<ToolRun>;
  pause(ms: number): Promise<void>;
}

export interface ToolRun {
  /** null: it could not be started, or was ended since it took too long. */
  readonly code: number | null;
  /** Both of its outputs, bounded. */
  readonly output: string;
}

/** Enabling and starting wait for the manager's own jobs, a stop among them. */
const toolTimeoutMs = 60_000;
const toolOutputMax = 256 * 1_024;

export const thisHost: ServiceHost = {
  platform: process.platform,
  env: process.env,
  get homeFolder() {
    return homedir();
  },
  get userName() {
    return userInfo().username;
  },
  get uid() {
    return process.getuid?.() ?? 0;
  },
  root: "",
  node: process.execPath,
  program: fileURLToPath(new URL(`../claudemesh${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url)),
  runTool,
  pause: async (ms) => void (await setTimeout(ms)),
};

export function runTool(command: string, args: readonly string[]): Promise<ToolRun> {
  return new Promise((resolve) => {
    execFile(
      command,
      [...args],
      { timeout: toolTimeoutMs, maxBuffer: toolOutputMax, windowsHide: true },
      (error, stdout, stderr) => {
        const output = `${stdout}${stderr}`.trim();
        if (error === null) return resolve({ code: 0, output });
        if (typeof error.code === "number") return resolve({ code: error.code, output });
        resolve({ code: null, output: output === "" ? error.message : output });
      },
    );
  });
}

/** The first of these that there is, else the first. */
export function presentTool(paths: readonly [string, ...string[]]): string {
  return paths.find((path) => existsSync(path)) ?? paths[0];
}
