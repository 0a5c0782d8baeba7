import { type HookDialect, hookDialect } from "../agent-hook-dialect.ts";
import { type GeminiHookEvent, geminiCli } from "./assumptions.ts";

export const geminiHooks: HookDialect = hookDialect<GeminiHookEvent>({
  kind: geminiCli.kind,
  textCharsMax: geminiCli.contextCharsMax,
  moments: { SessionStart: "start", BeforeAgent: "prompt", AfterTool: "tool", AfterAgent: "stop", SessionEnd: "end" },
  startSources: geminiCli.startSources,
  endReasonOfClear: geminiCli.endReasonOfClear,
  // The reason comes before the model as a prompt of its own.
  goOn: "deny",
});
