import { createHash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { acquireLock, LockedError } from "../../base/lock-file.ts";
import type { Client } from "../../client/client.ts";
import type { HookDialect } from "../../protocol/agent-hook-dialect.ts";
import { claudeCode } from "../../protocol/claude-code/assumptions.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { unheard } from "./answer-hook.ts";
import { readHookStdin } from "./read-hook-stdin.ts";

const stdinMs = 5_000;
/** Shorter than the lease of a session, which an idle one has nobody else to extend. */
const lookMs = 20_000;

/**
 * Waits behind the back of an idle session until something comes for it, and ends so that Claude Code wakes it: exit code 2, the text on
 * standard error. One waits for a session at a time; while the session works its other hooks bring what comes. Like any hook it
 * says nothing of what is wrong.
 */
export async function rewake(context: CommandContext, dialect: HookDialect): Promise<number> {
  try {
    // A session with an inbox socket is woken by it.
    if ((context.env[claudeCode.socketVariable] ?? "") !== "") return exitCodes.ok;
    const input = dialect.read((await readHookStdin(context.stdin, AbortSignal.timeout(stdinMs))) ?? "");
    if (input?.moment !== "stop") return exitCodes.ok;
    return await alone(context.home, `${dialect.kind} ${input.sessionId}`, () =>
      wait(context, dialect, input.sessionId),
    );
  } catch {
    return exitCodes.ok;
  }
}

async function alone(home: string, session: string, work: () => Promise<number>): Promise<number> {
  const folder = join(home, "wakes");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${createHash("sha256").update(session).digest("hex").slice(0, 16)}.lock`);
  let lock: ReturnType<typeof acquireLock>;
  try {
    lock = acquireLock(path);
  } catch (thrown) {
    if (thrown instanceof LockedError) return exitCodes.ok;
    throw thrown;
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
    lock.release();
  }
}

async function wait(context: CommandContext, dialect: HookDialect, sessionId: string): Promise<number> {
  const { signal } = context;
  const client = context.client();
  const { agents } = client;
  const { kind } = dialect;
  const parent = process.ppid;
  for await (const _look of looks(client, signal)) {
    // The session that started this is gone: nobody is left to be woken.
    if (process.ppid !== parent) return exitCodes.ok;
    await agents.heartbeat(kind, sessionId, {}, { signal });
    if (!(await isIdle(client, kind, sessionId, signal))) continue;
    const request = { way: "hook", chars_max: dialect.textCharsMax, include_low: false } as const;
    const { text, offers } = await agents.take(kind, sessionId, request, { signal });
    if (text === "") continue;
    const offerIds = offers.map(({ offer_id }) => offer_id);
    try {
      context.handOver(`${text}\n`, "stderr");
    } catch (failure) {
      await agents.giveBack(kind, sessionId, offerIds, { reason: unheard }, { signal });
      throw failure;
    }
    await agents.confirm(kind, sessionId, offerIds, {}, { signal });
    return claudeCode.rewakeExitCode;
  }
  return exitCodes.ok;
}

async function isIdle(client: Client, kind: string, sessionId: string, signal: AbortSignal): Promise<boolean> {
  const { items } = await client.agents.list({ signal });
  return items.some(({ sessions }) =>
    sessions.some((one) => one.kind === kind && one.session_id === sessionId && one.state === "idle"),
  );
}

/** At once, at every message that comes, and from time to time. */
async function* looks(client: Client, signal: AbortSignal): AsyncGenerator<void, void, undefined> {
  yield;
  while (!signal.aborted) {
    const within = AbortSignal.any([signal, AbortSignal.timeout(lookMs)]);
    for await (const { event } of client.events({ signal: within })) if (event === "message") break;
    if (!signal.aborted) yield;
  }
}
