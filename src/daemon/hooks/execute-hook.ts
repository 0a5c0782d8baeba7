import { closeSync } from "node:fs";
import type { Clock } from "../../base/clock.ts";
import type { HookCause, HookOutcome } from "../../protocol/hooks-api.ts";
import type { HookSettings } from "../../protocol/hook-settings.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { InboxItem } from "../../protocol/local-api.ts";
import type { CapabilityCall, Containment, HookActions } from "./containment.ts";
import { openHook } from "./hook-file.ts";
import type { HookLimits } from "./hook-limits.ts";
import { payloadText } from "./payload.ts";
import { readReply, type ReplyContent } from "./reply.ts";
import { type HookProcess, runHook } from "./run-hook.ts";

/** One call of a hook. */
export interface HookCall {
  readonly hook: string;
  readonly event: HookCause;
  /** The same when it is called for the event again. */
  readonly eventKey: string;
  readonly at: string;
  readonly attempt: number;
  readonly data: Readonly<Record<string, unknown>>;
  /** The message behind it. */
  readonly item: InboxItem | null;
}

export interface ExecuteOptions {
  /** `hooks/` of the daemon's folder. */
  readonly folder: string;
  readonly mesh: string;
  readonly containment: Pick<Containment, "launch">;
  readonly limits: HookLimits;
  readonly clock: Clock;
  /** The daemon ends. */
  readonly signal: AbortSignal;
  started(pid: number): void;
  /** null: its replies are shown and not sent. */
  readonly reply: ((content: ReplyContent) => Promise<{ readonly client_message_id: string }>) | null;
  /** What its token may have done for it; null: it gets none. */
  readonly actions: HookActions | null;
}

/** What became of a call. */
export interface HookResult {
  readonly outcome: HookOutcome;
  readonly exit_code: number | null;
  readonly signal: string | null;
  /** Why it did not run, why it failed, or why its reply was not sent. */
  readonly reason: string | null;
  readonly said: string | null;
  readonly reply: string | null;
  /** Cut at the limit of its settings, as `output_cut` tells; empty when it did not run. */
  readonly stdout: Buffer;
  readonly output_cut: boolean;
  /** null: it did not run. */
  readonly duration_ms: number | null;
  /** false: it ran as the user. null: it did not run. */
  readonly enforced: boolean | null;
  /** What it asked of the daemon with its token. */
  readonly calls: readonly CapabilityCall[];
}

/** The environment that every hook has; nothing of the daemon's own. */
const lockedPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Looks at the executable, starts it, waits for its end and sends its reply. Never rejects: whatever goes wrong is its outcome. */
export async function executeHook(
  call: HookCall,
  settings: HookSettings,
  options: ExecuteOptions,
): Promise<HookResult> {
  const opened = openHook(options.folder, call.hook);
  if ("fault" in opened) return notRun("refused", opened.fault);
  try {
    const launch = await options.containment.launch({
      hook: call.hook,
      path: opened.path,
      fd: opened.fd,
      event: eventOf(call),
      fsPolicy: settings.fs_policy,
      networkPolicy: settings.network_policy,
      unenforced: settings.unenforced,
      scopes: settings.capability_token_scope,
      ...(options.actions === null ? {} : { actions: options.actions }),
      env: {
        PATH: lockedPath,
        LANG: "C.UTF-8",
        CLAUDEMESH_MESH: options.mesh,
        CLAUDEMESH_HOOK_NAME: call.hook,
        CLAUDEMESH_EVENT_ID: call.eventKey,
      },
    });
    if (launch.kind === "refused") return notRun("refused", launch.reason);
    const { limits, clock, signal, started } = options;
    const { hook, event, eventKey, at, attempt, data } = call;
    const ended = await runHook({
      launch,
      stdin: payloadText(
        { hook, event, event_id: eventKey, at, mesh: options.mesh, attempt, data },
        {
          redact: settings.redact_payload,
          bytesMax: event === "send" ? limits.judgedBytesMax : limits.payloadBytesMax,
        },
      ),
      timeoutMs: settings.timeout_s * 1_000,
      outputBytesMax: settings.output_size_limit,
      limits,
      clock,
      signal,
      started,
    });
    await launch.cleanup();
    const judged = judge(ended);
    const answered =
      judged.outcome === "ok" && settings.allow_reply && call.item !== null
        ? await answer(ended, options.reply)
        : { reply: null, reason: null };
    return {
      ...judged,
      reason: judged.reason ?? answered.reason,
      reply: answered.reply,
      exit_code: ended.exitCode,
      signal: ended.signal,
      said: ended.said === "" ? null : ended.said,
      stdout: ended.stdout,
      output_cut: ended.outputCut,
      duration_ms: ended.failure === null ? ended.durationMs : null,
      enforced: ended.failure === null ? launch.enforced : null,
      calls: launch.calls(),
    };
  } catch (thrown) {
    return notRun("not_started", ClaudemeshError.from(thrown).message);
  } finally {
    closeSync(opened.fd);
  }
}

export function notRun(outcome: HookOutcome, reason: string): HookResult {
  return {
    outcome,
    exit_code: null,
    signal: null,
    reason,
    said: null,
    reply: null,
    stdout: Buffer.alloc(0),
    output_cut: false,
    duration_ms: null,
    enforced: null,
    calls: [],
  };
}

function eventOf({ eventKey, item }: HookCall): { id: string; from: string | null; topic: string | null } {
  if (item === null) return { id: eventKey, from: null, topic: null };
  const agent = item.from.agent === null ? "" : `/${item.from.agent}`;
  return {
    id: eventKey,
    // Nobody has signed the others: it is the broker's word alone that this member sent it.
    from: item.verified ? `@${item.from.name ?? item.from.member_id}${agent}` : null,
    topic: item.topic === null ? null : `#${item.topic}`,
  };
}

function judge(ended: HookProcess): { outcome: HookOutcome; reason: string | null } {
  if (ended.failure !== null) return { outcome: "not_started", reason: ended.failure };
  if (ended.unkillable) return { outcome: "timed_out", reason: "not even SIGKILL has ended it: it is left behind" };
  if (ended.exitCode === 0 && !ended.timedOut) return { outcome: "ok", reason: null };
  if (ended.stopped) return { outcome: "interrupted", reason: "the daemon was stopped meanwhile" };
  if (ended.timedOut) return { outcome: "timed_out", reason: null };
  return { outcome: ended.signal === null ? "failed" : "signalled", reason: null };
}

async function answer(
  ended: HookProcess,
  send: ExecuteOptions["reply"],
): Promise<{ reply: string | null; reason: string | null }> {
  try {
    if (ended.outputCut) throw new ClaudemeshError("body_too_large", "its output is longer than output_size_limit");
    const content = readReply(ended.stdout);
    if (content === null) return { reply: null, reason: null };
    if (send === null) return { reply: null, reason: "a reply, which a test does not send" };
    return { reply: (await send(content)).client_message_id, reason: null };
  } catch (thrown) {
    const error = ClaudemeshError.from(thrown);
    // The id is bound to what it said the first time: another text of a later run is nothing new to say.
    if (error.code === "idempotency_key_reused")
      return { reply: null, reason: "it has replied before, in other words" };
    return { reply: null, reason: `its reply was not sent: ${error.message}` };
  }
}
