import type { Command } from "./command.ts";
import { requireWords } from "./parse-arguments.ts";
import { rotateKey, rotateOptions } from "./rotate-key.ts";
import { typedTopic } from "./typed-address.ts";

export const command: Command = {
  name: "topic rotate",
  summary: "Make a new key of a topic now, for the members who are subscribed to it",
  usage: "topic rotate <topic> [--history all|joined]",
  options: rotateOptions,
  words: ["topic"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["member revoke", "topic list"],
  examples: ["topic rotate builds", "topic rotate builds --history joined"],
  async run(context) {
    requireWords(command, context.positionals, 1, 1);
    return rotateKey(command, context, "topics", typedTopic(context.positionals[0] ?? ""));
  },
};
