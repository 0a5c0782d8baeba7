import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedTopic } from "./typed-address.ts";

export const command: Command = {
  name: "topic leave",
  summary: "Receive nothing further from a topic",
  usage: "topic leave <topic>",
  options: {},
  words: ["topic"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["topic list"],
  examples: ["topic leave builds"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const topic = await client().topics.leave(typedTopic(positionals[0] ?? ""), { signal });
    if (flag("json")) out.json(topic);
    else out.line(`left #${topic.name}`);
    return exitCodes.ok;
  },
};
