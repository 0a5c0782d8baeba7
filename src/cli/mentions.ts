import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { pageOptions, readPageOptions } from "./page-options.ts";
import { printMessages } from "./page-text.ts";
import { requireWords } from "./parse-arguments.ts";

const defaultLimit = 20;

export const command: Command = {
  name: "mentions",
  summary: "Show the newest messages that mention this member, of those received here or of all that the broker keeps",
  usage: "mentions [--broker] [--limit N] [--cursor C]",
  options: {
    broker: {
      type: "boolean",
      help: "ask the broker: also what another host of this member received, or what is not in the inbox any more",
    },
    ...pageOptions(defaultLimit),
  },
  exits: ["notRunning", "tryLater"],
  related: ["inbox", "search", "history"],
  examples: ["mentions", "mentions --json", "mentions --broker --limit 100"],
  async run(context) {
    requireWords(command, context.positionals, 0, 0);
    const page = readPageOptions(command, context, defaultLimit);
    const client = context.client();
    const { signal } = context;
    if (context.flag("broker")) {
      const kept = await client.mentionHistory(page, { signal });
      printMessages(context, kept, ["mentions", "--broker", "--limit", String(page.limit)]);
      return exitCodes.ok;
    }
    const found = await client.inbox.mentions({ newest: true, ...page }, { signal });
    printMessages(context, found, ["mentions", "--limit", String(page.limit)]);
    return exitCodes.ok;
  },
};
