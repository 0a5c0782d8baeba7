import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { inheritedEnvironment } from "../inherited-environment.ts";
import { type Lifetime, onEnd } from "../on-end.ts";
import type { ContextEntry, DoubleCommand, DoubleOptions, DoubleTold } from "./double-options.ts";

/** A running double of a Claude Code session. */
export interface ClaudeCodeSession {
  readonly pid: number;
  /** Changes with `/clear`. */
  sessionId(): string;
  /** What came into its context since it runs, in order. */
  context(): readonly ContextEntry[];
  /** Resolves once something that satisfies `wanted` is in the context. */
  until(wanted: (entry: ContextEntry) => boolean): Promise<ContextEntry>;
  /** Resolves once it has told so. */
  told(what: DoubleTold["told"], wanted?: (told: DoubleTold) => boolean): Promise<DoubleTold>;
  /** Resolves once it is idle after that text came into its context. */
  idleAfter(text: string): Promise<void>;
  /** Resolves once the session has done it. */
  do(command: DoubleCommand): Promise<void>;
  /** `kill -9`: its file and its socket stay behind. */
  kill(): Promise<void>;
  /** Another process goes on with it, as `--resume` does, or with a copy of it, as `--fork-session`. */
  resume(more?: Partial<DoubleOptions>): Promise<ClaudeCodeSession>;
  fork(more?: Partial<DoubleOptions>): Promise<ClaudeCodeSession>;
}

export interface SessionPlace {
  /** Holds the settings, sockets and transcripts of the double. */
  readonly folder: string;
  readonly project: string;
  readonly env?: Readonly<Record<string, string>>;
}

const program = fileURLToPath(new URL("session-process.ts", import.meta.url));

/** Resolves once its SessionStart hooks are through. Ended when the test ends. */
export async function claudeCodeSession(
  t: Lifetime,
  place: SessionPlace,
  more: Partial<DoubleOptions> = {},
): Promise<ClaudeCodeSession> {
  const options: DoubleOptions = {
    configDir: configDirOf(place.folder),
    project: place.project,
    socketDir: join(place.folder, "socks"),
    version: "2.1.280",
    sessionId: randomUUID(),
    source: "startup",
    forkOf: null,
    inbound: "accept",
    autoTurns: true,
    mcp: false,
    ...more,
  };
  for (const folder of [options.configDir, options.project, options.socketDir]) mkdirSync(folder, { recursive: true });
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    cwd: options.project,
    env: { ...inheritedEnvironment(), ...place.env, NODE_TEST_CONTEXT: "" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const heard: DoubleTold[] = [];
  const listeners = new Set<() => void>();
  let ended = false;
  let sessionId = options.sessionId;
  const wake = (): void => {
    for (const listener of listeners) listener();
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    const told = JSON.parse(line) as DoubleTold;
    heard.push(told);
    if (told.told === "done") sessionId = told.sessionId;
    wake();
  });
  void closed.then(() => {
    ended = true;
    wake();
  });
  const find = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const listener = (): void => {
        const found = look();
        if (found === undefined && !ended) return;
        listeners.delete(listener);
        if (found === undefined) reject(new Error(`the session has ended; it told ${JSON.stringify(heard.slice(-5))}`));
        else resolve(found);
      };
      listeners.add(listener);
      listener();
    });
  const context = (): ContextEntry[] => heard.flatMap((told) => (told.told === "entry" ? [told.entry] : []));
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await closed;
  };
  onEnd(t, kill);
  await find(() => heard.find(({ told }) => told === "done"));
  return {
    pid: child.pid ?? 0,
    sessionId: () => sessionId,
    context,
    until: (wanted) => find(() => context().find(wanted)),
    told: (what, wanted = () => true) => find(() => heard.find((one) => one.told === what && wanted(one))),
    async idleAfter(text) {
      const came = (told: DoubleTold): boolean => told.told === "entry" && told.entry.text.includes(text);
      const idle = (told: DoubleTold): boolean => told.told === "status" && told.status === "idle";
      await find(() => {
        const at = heard.findIndex(came);
        return at < 0 ? undefined : heard.slice(at).find(idle);
      });
    },
    async do(command) {
      const before = heard.filter(({ told }) => told === "done").length;
      child.stdin.write(`${JSON.stringify(command)}\n`);
      await find(() => heard.filter(({ told }) => told === "done")[before]);
    },
    kill,
    resume: (other = {}) => claudeCodeSession(t, place, { ...options, sessionId, source: "resume", ...other }),
    fork: (other = {}) =>
      claudeCodeSession(t, place, {
        ...options,
        sessionId: randomUUID(),
        source: "resume",
        forkOf: sessionId,
        ...other,
      }),
  };
}

export function configDirOf(folder: string): string {
  return join(folder, "claude");
}
