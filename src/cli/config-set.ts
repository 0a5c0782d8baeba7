import type { Command } from "./command.ts";
import { changeConfig } from "./config/change-config.ts";
import { configOptions, findKey, openConfig } from "./config/config-access.ts";
import { readValue } from "./config/config-value.ts";
import { requireWords } from "./parse-arguments.ts";

const wordsMax = 65;

export const command: Command = {
  name: "config set",
  summary: "Change one setting; comments and everything else in the file stay",
  usage: "config set <key> <value> [more values of a list] [--broker]",
  options: configOptions,
  words: ["config-key"],
  examples: [
    "config set outbox.disk_bytes_max 2_000_000_000",
    "config set local_api.allowed_origins https://a.example https://b.example",
    "config set retention.dedupe_mode permanent --broker",
  ],
  exits: ["notRunning"],
  related: ["config list", "config unset", "reload", "daemon restart", "broker restart"],
  async run(context) {
    requireWords(command, context.positionals, 2, wordsMax);
    const [typed = "", ...words] = context.positionals;
    const access = await openConfig(context);
    const key = findKey(access.file, typed);
    return changeConfig(context, access, key.key, readValue(key, words));
  },
};
