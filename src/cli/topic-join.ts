import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedTopic } from "./typed-address.ts";

export const command: Command = {
  name: "topic join",
  summary: "Receive what is sent to a topic from now on",
  usage: "topic join <topic>",
  options: {},
  words: ["topic"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["topic list"],
  examples: ["topic join builds"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const topic = await client().topics.join(typedTopic(positionals[0] ?? ""), { signal });
    if (flag("json")) out.json(topic);
    else out.line(`joined #${topic.name}`);
    return exitCodes.ok;
  },
};
