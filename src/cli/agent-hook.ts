import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";

/** Kinds of coding agents whose hooks call this, each loaded when it is called. */
const kinds = {
  "claude-code": async () => (await import("../protocol/claude-code/hook-words.ts")).claudeCodeHooks,
  codex: async () => (await import("../protocol/codex/hook-words.ts")).codexHooks,
  "gemini-cli": async () => (await import("../protocol/gemini-cli/hook-words.ts")).geminiHooks,
} as const;

export const hookKinds = Object.keys(kinds) as readonly (keyof typeof kinds)[];

export const command: Command = {
  name: "agent hook",
  summary: "What the hooks of a coding agent call: brings waiting messages into its session",
  usage: "agent hook <kind>",
  options: {
    rewake: {
      type: "boolean",
      help: "wait until a message comes for the idle session, and wake it (Claude Code's asyncRewake)",
    },
  },
  words: [hookKinds],
  related: ["agent install"],
  examples: ["agent hook claude-code"],
  async run(context) {
    requireWords(command, context.positionals, 1, 1);
    const kind = hookKinds.find((known) => known === context.positionals[0]);
    if (kind === undefined) throw usage(command, `the kind is one of ${hookKinds.join(", ")}`);
    const dialect = await kinds[kind]();
    if (context.flag("rewake")) return (await import("./agent-hook/rewake.ts")).rewake(context, dialect);
    await (await import("./agent-hook/call-hook.ts")).callHook(context, dialect);
    return exitCodes.ok;
  },
};
