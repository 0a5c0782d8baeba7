import { limits } from "../protocol/limits.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { pageOptions, readPageOptions } from "./page-options.ts";
import { printMessages } from "./page-text.ts";
import { requireWords, usage } from "./parse-arguments.ts";

const defaultLimit = 20;

export const command: Command = {
  name: "search",
  summary: "Show the newest messages received whose text has all of the words",
  usage: "search <words…> [--limit N] [--cursor C]",
  options: pageOptions(defaultLimit),
  exits: ["notRunning"],
  related: ["inbox", "history"],
  examples: ["search disk full", "search deploy --limit 5 --json"],
  async run(context) {
    requireWords(command, context.positionals, 1, Number.POSITIVE_INFINITY);
    const page = readPageOptions(command, context, defaultLimit);
    const words = context.positionals.join(" ");
    if (words.trim() === "") throw usage(command, "the search has no words");
    if (words.length > limits.searchCharsMax)
      throw usage(
        command,
        `a search has at most ${limits.searchCharsMax} characters, this one has ${words.length}`,
        "give the rarest of the words",
      );
    const found = await context.client().inbox.search(words, page, { signal: context.signal });
    printMessages(context, found, ["search", "--limit", String(page.limit), ...context.positionals]);
    return exitCodes.ok;
  },
};
