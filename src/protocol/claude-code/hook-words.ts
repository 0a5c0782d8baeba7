import { type HookDialect, hookDialect } from "../agent-hook-dialect.ts";
import { claudeCode, type HookEvent } from "./assumptions.ts";

export const claudeCodeHooks: HookDialect = hookDialect<HookEvent>({
  kind: claudeCode.kind,
  textCharsMax: claudeCode.contextCharsMax,
  moments: {
    SessionStart: "start",
    UserPromptSubmit: "prompt",
    PostToolUse: "tool",
    Stop: "stop",
    SessionEnd: "end",
  },
  startSources: claudeCode.startSources,
  endReasonOfClear: claudeCode.endReasonOfClear,
  goOn: "block",
});
