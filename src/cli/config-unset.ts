import type { Command } from "./command.ts";
import { changeConfig } from "./config/change-config.ts";
import { configOptions, findKey, openConfig } from "./config/config-access.ts";
import { requireWords } from "./parse-arguments.ts";

export const command: Command = {
  name: "config unset",
  summary: "Take one setting out of the file, so that its default counts",
  usage: "config unset <key> [--broker]",
  options: configOptions,
  words: ["config-key"],
  examples: ["config unset outbox.disk_bytes_max"],
  exits: ["notRunning"],
  related: ["config list", "config set"],
  async run(context) {
    requireWords(command, context.positionals, 1, 1);
    const access = await openConfig(context);
    return changeConfig(context, access, findKey(access.file, context.positionals[0] ?? "").key, null);
  },
};
