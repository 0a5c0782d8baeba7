import type { Command } from "./command.ts";
import { requireWords } from "./parse-arguments.ts";
import { rotateKey, rotateOptions } from "./rotate-key.ts";
import { typedQueue } from "./typed-address.ts";

export const command: Command = {
  name: "queue rotate",
  summary: "Make a new key of a queue now, for the members who may use it",
  usage: "queue rotate <queue> [--history all|joined]",
  options: rotateOptions,
  words: ["queue"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["member revoke", "queue list"],
  examples: ["queue rotate builds", "queue rotate builds --history joined"],
  async run(context) {
    requireWords(command, context.positionals, 1, 1);
    return rotateKey(command, context, "queues", typedQueue(context.positionals[0] ?? ""));
  },
};
