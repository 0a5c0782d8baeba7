import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { pageOptions, readPageOptions } from "./page-options.ts";
import { printMessages } from "./page-text.ts";
import { requireWords } from "./parse-arguments.ts";

const defaultLimit = 20;

export const command: Command = {
  name: "mentions",
  summary: "Show the newest messages received that mention this member",
  usage: "mentions [--limit N] [--cursor C]",
  options: pageOptions(defaultLimit),
  exits: ["notRunning"],
  related: ["inbox", "search"],
  examples: ["mentions", "mentions --json"],
  async run(context) {
    requireWords(command, context.positionals, 0, 0);
    const page = readPageOptions(command, context, defaultLimit);
    const found = await context.client().inbox.mentions({ newest: true, ...page }, { signal: context.signal });
    printMessages(context, found, ["mentions", "--limit", String(page.limit)]);
    return exitCodes.ok;
  },
};
