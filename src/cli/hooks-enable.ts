import { changeHook } from "./change-hook.ts";
import type { Command } from "./command.ts";
import { hookWords, typedHook } from "./hook-name.ts";
import { requireWords } from "./parse-arguments.ts";

export const command: Command = {
  name: "hooks enable",
  summary: "Let a hook run when what it is named after happens",
  usage: "hooks enable <hook> [--json]",
  options: {},
  words: [hookWords],
  exits: ["notRunning"],
  related: ["hooks test", "hooks list", "hooks disable"],
  examples: ["hooks enable on-dm"],
  async run(context) {
    requireWords(command, context.positionals, 1, 1);
    return changeHook(context, typedHook(command, context.positionals[0] ?? ""), true);
  },
};
