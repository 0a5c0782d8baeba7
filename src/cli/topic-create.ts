import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedTopic } from "./typed-address.ts";

export const command: Command = {
  name: "topic create",
  summary: "Create a topic and subscribe to it",
  usage: "topic create <topic>",
  options: {},
  exits: ["notRunning", "conflict", "tryLater"],
  related: ["topic list", "topic join"],
  examples: ["topic create builds"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const { topics } = client();
    const topic = await topics.create(typedTopic(positionals[0] ?? ""), { signal });
    if (flag("json")) out.json(topic);
    else out.line(`created #${topic.name}`);
    return exitCodes.ok;
  },
};
