import type { HookDialect, HookInput, HookMoment } from "../agent-hook.ts";
import { readHookFields } from "../hook-fields.ts";
import { type GeminiHookEvent, geminiCli } from "./assumptions.ts";

const moments: Readonly<Record<GeminiHookEvent, HookMoment>> = {
  SessionStart: "start",
  BeforeAgent: "prompt",
  AfterTool: "tool",
  AfterAgent: "stop",
  SessionEnd: "end",
};

export const geminiHooks: HookDialect = {
  kind: geminiCli.kind,
  textCharsMax: geminiCli.contextCharsMax,
  read: readHookInput,
  // At the end of a turn `deny` sends the reason to the model as a prompt of its own.
  answer: ({ event, moment }, text) =>
    `${JSON.stringify(
      moment === "stop"
        ? { decision: "deny", reason: text }
        : { hookSpecificOutput: { hookEventName: event, additionalContext: text } },
    )}\n`,
};

function readHookInput(stdin: string): HookInput | null {
  const fields = readHookFields(stdin);
  const event = geminiCli.hookEvents.find((known) => known === fields?.word("hook_event_name"));
  const sessionId = fields?.word("session_id") ?? null;
  const cwd = fields?.word("cwd") ?? null;
  if (fields === null || event === undefined || sessionId === null || cwd === null) return null;
  // The session goes on under another id, which the SessionStart that follows tells.
  if (event === "SessionEnd" && fields.word("reason") === geminiCli.endReasonOfClear) return null;
  const source = geminiCli.startSources.find((known) => known === fields.word("source"));
  return {
    moment: moments[event],
    event,
    sessionId,
    cwd,
    source: event === "SessionStart" ? (source ?? "startup") : null,
    prompt: event === "BeforeAgent" ? fields.word("prompt") : null,
    keptGoing: fields.isTrue("stop_hook_active"),
  };
}
