import type { HookDialect, HookInput, HookMoment } from "../agent-hook.ts";
import { readHookFields } from "../hook-fields.ts";
import { type CodexHookEvent, codex } from "./assumptions.ts";

const moments: Readonly<Record<CodexHookEvent, HookMoment>> = {
  SessionStart: "start",
  UserPromptSubmit: "prompt",
  PostToolUse: "tool",
  Stop: "stop",
};

/** A character of UTF-16 has at most so many bytes: what fits by this count fits whatever it holds. */
const bytesOfCharacter = 3;

export const codexHooks: HookDialect = {
  kind: codex.kind,
  textCharsMax: Math.floor(codex.contextBytesMax / bytesOfCharacter),
  read: readHookInput,
  // A member that Codex does not know makes it refuse all of it.
  answer: ({ event, moment }, text) =>
    `${JSON.stringify(
      moment === "stop"
        ? { decision: "block", reason: text }
        : { hookSpecificOutput: { hookEventName: event, additionalContext: text } },
    )}\n`,
};

function readHookInput(stdin: string): HookInput | null {
  const fields = readHookFields(stdin);
  const event = codex.hookEvents.find((known) => known === fields?.word("hook_event_name"));
  const sessionId = fields?.word("session_id") ?? null;
  const cwd = fields?.word("cwd") ?? null;
  if (fields === null || event === undefined || sessionId === null || cwd === null) return null;
  const source = codex.startSources.find((known) => known === fields.word("source"));
  return {
    moment: moments[event],
    event,
    sessionId,
    cwd,
    source: event === "SessionStart" ? (source ?? "startup") : null,
    prompt: event === "UserPromptSubmit" ? fields.word("prompt") : null,
    keptGoing: fields.isTrue("stop_hook_active"),
  };
}
