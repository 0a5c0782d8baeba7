import { changeHook } from "./change-hook.ts";
import type { Command } from "./command.ts";
import { hookWords, typedHook } from "./hook-name.ts";
import { requireWords } from "./parse-arguments.ts";

export const command: Command = {
  name: "hooks disable",
  summary: "Keep a hook from running; its executable and its settings stay",
  usage: "hooks disable <hook> [--json]",
  options: {},
  words: [hookWords],
  exits: ["notRunning"],
  related: ["hooks enable", "hooks list"],
  examples: ["hooks disable on-dm"],
  async run(context) {
    requireWords(command, context.positionals, 1, 1);
    return changeHook(context, typedHook(command, context.positionals[0] ?? ""), false);
  },
};
