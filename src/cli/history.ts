import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { pageOptions, readPageOptions } from "./page-options.ts";
import { printMessages } from "./page-text.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedHistory } from "./typed-address.ts";

const defaultLimit = 20;

export const command: Command = {
  name: "history",
  summary: "Show what the broker keeps of a topic, or of your own direct messages, sent ones included",
  usage: "history <#topic | dm> [--limit N] [--cursor C]",
  options: pageOptions(defaultLimit),
  words: ["topic"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["inbox", "search"],
  examples: ["history '#builds'", "history dm --limit 100", "history @me"],
  async run(context) {
    requireWords(command, context.positionals, 1, 1);
    const page = readPageOptions(command, context, defaultLimit);
    const [written = ""] = context.positionals;
    const address = typedHistory(written);
    const found = await context.client().history(address, page, { signal: context.signal });
    printMessages(context, found, ["history", written, "--limit", String(page.limit)]);
    return exitCodes.ok;
  },
};
