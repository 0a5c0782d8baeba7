import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { typedTopic } from "./typed-address.ts";

export const command: Command = {
  name: "topic open",
  summary: "Let API keys send to a topic what nobody has sealed or signed, as monitors and webhooks do",
  usage: "topic open <topic> --unsealed",
  options: {
    unsealed: {
      type: "boolean",
      help: "said on purpose: the broker can read such messages, and every receiver is shown that they are not signed",
    },
  },
  words: ["topic"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["topic close", "apikey create", "topic list"],
  examples: ["topic open alerts --unsealed"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const name = typedTopic(positionals[0] ?? "");
    if (!flag("unsealed"))
      throw usage(
        command,
        "a topic is opened for messages that the broker can read and that nobody has signed; say so",
        `claudemesh topic open ${name} --unsealed`,
      );
    const topic = await client().topics.setPolicy(name, { unsealed: true }, { signal });
    if (flag("json")) out.json(topic);
    else out.line(`#${topic.name} is open for unsealed messages of API keys`);
    return exitCodes.ok;
  },
};
