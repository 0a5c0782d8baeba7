import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { claudeCode, type HookEvent } from "../../../src/protocol/claude-code/assumptions.ts";

interface HookEntry {
  readonly type: string;
  readonly command: string;
  readonly timeout?: number;
  readonly asyncRewake?: boolean;
}

export interface HookRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface DoubleHooks {
  /** Runs the hooks of an event as Claude Code does: each by a shell, its input as JSON, until its timeout. Async ones are left running. */
  run(event: HookEvent, input: Readonly<Record<string, unknown>>, env: NodeJS.ProcessEnv): Promise<readonly HookRun[]>;
  /** Those left running. */
  end(): void;
}

/** The hooks that the settings of the user and the project hold, as installed. */
export function doubleHooks(configDir: string, project: string, onRewake: (text: string) => void): DoubleHooks {
  const running = new Set<ReturnType<typeof spawn>>();
  const start = (hook: HookEntry, input: string, env: NodeJS.ProcessEnv): Promise<HookRun> =>
    new Promise((resolve) => {
      const child = spawn("sh", ["-c", hook.command], { cwd: project, env, stdio: ["pipe", "pipe", "pipe"] });
      running.add(child);
      const timer = setTimeout(() => child.kill("SIGKILL"), (hook.timeout ?? 60) * 1_000);
      let [stdout, stderr] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      child.stdin.on("error", () => {});
      child.stdin.end(input);
      child.on("close", (code) => {
        clearTimeout(timer);
        running.delete(child);
        resolve({ code, stdout, stderr });
      });
    });
  return {
    async run(event, input, env) {
      const runs: HookRun[] = [];
      for (const hook of installed(configDir, project, event)) {
        const run = start(hook, JSON.stringify({ ...input, hook_event_name: event }), env);
        if (hook.asyncRewake !== true) runs.push(await run);
        else void run.then(({ code, stderr }) => code === claudeCode.rewakeExitCode && onRewake(stderr));
      }
      return runs;
    },
    end() {
      for (const child of running) child.kill("SIGTERM");
    },
  };
}

function installed(configDir: string, project: string, event: HookEvent): readonly HookEntry[] {
  const files = [
    join(configDir, claudeCode.settingsFile),
    join(project, claudeCode.configFolder, claudeCode.settingsFile),
  ];
  return files.flatMap((file) => {
    let settings: { readonly hooks?: Readonly<Record<string, readonly { readonly hooks: readonly HookEntry[] }[]>> };
    try {
      settings = JSON.parse(readFileSync(file, "utf8")) as typeof settings;
    } catch {
      return [];
    }
    return (settings.hooks?.[event] ?? []).flatMap(({ hooks }) => hooks).filter(({ type }) => type === "command");
  });
}
