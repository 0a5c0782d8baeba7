import { choice } from "./choice.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { keyText, histories, historyOption } from "./key-history.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedTopic } from "./typed-address.ts";

export const command: Command = {
  name: "topic create",
  summary: "Create a topic and subscribe to it",
  usage: "topic create <topic> [--history all|joined]",
  options: historyOption,
  exits: ["notRunning", "conflict", "tryLater"],
  related: ["topic list", "topic join", "topic rotate"],
  examples: ["topic create builds", "topic create plans --history joined"],
  async run({ client, out, positionals, option, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const { topics } = client();
    const history = choice(command, "--history", option("history"), histories);
    const topic = await topics.create(typedTopic(positionals[0] ?? ""), { signal });
    if (!flag("json")) out.line(`created #${topic.name}`);
    let { key } = topic;
    if (history !== null) {
      try {
        key = await topics.rotate(topic.name, { history }, { signal });
      } catch (thrown) {
        out.note(
          `the topic is there, its first key is not: claudemesh topic rotate ${topic.name} --history ${history}`,
        );
        throw thrown;
      }
      if (!flag("json")) out.line(`its first key: ${keyText(key)}`);
    }
    if (flag("json")) out.json({ ...topic, key });
    return exitCodes.ok;
  },
};
