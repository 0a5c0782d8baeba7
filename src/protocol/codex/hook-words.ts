import { type HookDialect, hookDialect } from "../agent-hook-dialect.ts";
import { type CodexHookEvent, codex } from "./assumptions.ts";

/** A character of UTF-16 has at most so many bytes: what fits by this count fits whatever it holds. */
const bytesOfCharacter = 3;

export const codexHooks: HookDialect = hookDialect<CodexHookEvent>({
  kind: codex.kind,
  textCharsMax: Math.floor(codex.contextBytesMax / bytesOfCharacter),
  moments: { SessionStart: "start", UserPromptSubmit: "prompt", PostToolUse: "tool", Stop: "stop" },
  startSources: codex.startSources,
  endReasonOfClear: null,
  goOn: "block",
});
