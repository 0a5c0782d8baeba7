import type { HookDialect, HookInput, HookMoment } from "../agent-hook.ts";
import { claudeCode, type HookEvent } from "./assumptions.ts";

const moments: Readonly<Record<HookEvent, HookMoment>> = {
  SessionStart: "start",
  UserPromptSubmit: "prompt",
  PostToolUse: "tool",
  Stop: "stop",
  SessionEnd: "end",
};

export const claudeCodeHooks: HookDialect = {
  kind: claudeCode.kind,
  textCharsMax: claudeCode.contextCharsMax,
  read: readHookInput,
  answer: ({ event, moment }, text) =>
    `${JSON.stringify(
      moment === "stop"
        ? { decision: "block", reason: text }
        : { hookSpecificOutput: { hookEventName: event, additionalContext: text } },
    )}\n`,
};

function readHookInput(stdin: string): HookInput | null {
  const fields = fieldsOf(stdin);
  if (fields === null) return null;
  const word = (name: string): string | null => {
    const found = fields[name];
    return typeof found === "string" && found !== "" ? found : null;
  };
  const event = claudeCode.hookEvents.find((known) => known === word("hook_event_name"));
  const sessionId = word("session_id");
  const cwd = word("cwd");
  if (event === undefined || sessionId === null || cwd === null) return null;
  // The session goes on under another id, which the SessionStart that follows tells.
  if (event === "SessionEnd" && word("reason") === claudeCode.endReasonOfClear) return null;
  const source = claudeCode.startSources.find((known) => known === word("source"));
  return {
    moment: moments[event],
    event,
    sessionId,
    cwd,
    source: event === "SessionStart" ? (source ?? "startup") : null,
    prompt: event === "UserPromptSubmit" ? word("prompt") : null,
    keptGoing: fields["stop_hook_active"] === true,
  };
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}
