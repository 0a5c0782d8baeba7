import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import type { SendResult } from "../../protocol/local-api.ts";
import { type Lifetime, onEnd } from "../../../test/support/on-end.ts";
import { tempFolder } from "../../../test/support/temp-folder.ts";
import type { CapabilityCall, Containment, HookMessage, HookSpec, LaunchRun } from "./containment.ts";
import { createContainment } from "./create-containment.ts";
import type { ReplyContent } from "./reply.ts";
import { launcherCandidates } from "./sandbox/find-launcher.ts";

/** What may contain hooks here, one of its kind: as if the others were not installed. */
export function only(by: "bubblewrap" | "unshare"): ReturnType<typeof launcherCandidates> {
  const { candidates } = launcherCandidates(process.platform, release());
  return { candidates: candidates.filter((candidate) => candidate.by === by).slice(0, 1), missing: [] };
}

export const nothingContains: ReturnType<typeof launcherCandidates> = { candidates: [], missing: ["nothing is here"] };

export interface Contained {
  readonly containment: Containment;
  /** A home that every user could read, were it not hidden. */
  readonly home: string;
  readonly dir: string;
  /** A folder that every user may write to. */
  readonly outside: string;
  readonly replies: ReplyContent[];
  readonly sent: HookMessage[];
  readonly counted: { readonly calls: Pick<CapabilityCall, "scope" | "outcome">[]; unenforceable: number };
  launch(script: string, spec?: Partial<HookSpec>): Promise<LaunchRun>;
  /** Runs a script to its end, with all that it has started. */
  run(script: string, spec?: Partial<HookSpec>): Promise<Ended>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const taken: SendResult = {
  client_message_id: "hook-1",
  outbox_id: 1,
  state: "queued",
  duplicate: false,
  durability: "disk",
};

export function contained(
  t: Lifetime,
  options: { candidates?: ReturnType<typeof launcherCandidates>; clock?: Clock } = {},
): Contained {
  const base = tempFolder(t);
  const home = join(base, "home");
  const dir = join(home, "daemon", "team");
  const outside = join(base, "outside");
  for (const folder of [dir, outside]) mkdirSync(folder, { recursive: true });
  for (const folder of [base, home, join(home, "daemon"), dir]) chmodSync(folder, 0o755);
  chmodSync(outside, 0o777);
  for (const name of ["keypair.json", "inbox.db"]) writeFileSync(join(dir, name), "the secret", { mode: 0o644 });
  const counted: Contained["counted"] = { calls: [], unenforceable: 0 };
  const containment = createContainment({
    dir,
    env: {},
    clock: options.clock ?? systemClock,
    log: silentLog,
    count: { call: (call) => counted.calls.push(call), unenforceable: () => counted.unenforceable++ },
    ...(options.candidates === undefined ? {} : { candidates: options.candidates }),
  });
  onEnd(t, () => containment.stop());
  const replies: ReplyContent[] = [];
  const sent: HookMessage[] = [];
  let scripts = 0;
  const launch: Contained["launch"] = async (script, spec = {}) => {
    const path = join(outside, `hook-${++scripts}`);
    writeFileSync(path, `#!/bin/bash\n${script}\n`, { mode: 0o700 });
    const fd = openSync(path, "r");
    onEnd(t, () => closeSync(fd));
    const launched = await containment.launch({
      hook: "on-dm",
      path,
      fd,
      event: { id: "7", from: "@ann", topic: null },
      fsPolicy: "private",
      networkPolicy: "none",
      unenforced: "refuse",
      scopes: [],
      actions: {
        reply: async (content) => {
          replies.push(content);
          return taken;
        },
        send: async (message) => {
          sent.push(message);
          return taken;
        },
      },
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      ...spec,
    });
    assert.equal(launched.kind, "run", JSON.stringify(launched));
    onEnd(t, () => launched.cleanup());
    return launched;
  };
  return {
    containment,
    home,
    dir,
    outside,
    replies,
    sent,
    counted,
    launch,
    async run(script, spec) {
      const launched = await launch(script, spec);
      const result = await ended(started(t, launched));
      await launched.cleanup();
      return result;
    },
  };
}

/** Its process, ended with the test. */
export function started(t: Lifetime, { command, args, options }: LaunchRun): ChildProcess {
  const child = spawn(command, [...args], options);
  onEnd(t, () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
      process.kill(-child.pid, "SIGKILL");
  });
  return child;
}

/** Once nobody holds its output any more: the whole of what it has started has ended. */
export function ended(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ["", ""];
    child.stdin?.on("error", () => {});
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Resolves with the line once the process has printed it. */
export function printed(child: ChildProcess, line: string): Promise<void> {
  return new Promise((resolve) => {
    let text = "";
    child.stdout?.on("data", (chunk: string | Buffer) => {
      text += chunk.toString();
      if (text.includes(`${line}\n`)) resolve();
    });
  });
}
