import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedTopic } from "./typed-address.ts";

export const command: Command = {
  name: "topic close",
  summary: "Let API keys send nothing more to a topic that nobody has sealed; what came stays readable",
  usage: "topic close <topic>",
  options: {},
  words: ["topic"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["topic open", "apikey revoke"],
  examples: ["topic close alerts"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const name = typedTopic(positionals[0] ?? "");
    const topic = await client().topics.setPolicy(name, { unsealed: false }, { signal });
    if (flag("json")) out.json(topic);
    else out.line(`#${topic.name} is closed for unsealed messages`);
    return exitCodes.ok;
  },
};
