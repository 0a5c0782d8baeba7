import { choice } from "./choice.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedTopic } from "./typed-address.ts";

export const command: Command = {
  name: "topic rotate",
  summary: "Make a new key of a topic now, for the members who are subscribed to it",
  usage: "topic rotate <topic> [--history all|joined]",
  options: {
    history: {
      type: "string",
      value: "WHOSE",
      help: "all: who comes later gets the earlier keys too; joined: only what is sealed from then on; as it is by default",
    },
  },
  words: ["topic"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["member revoke", "topic list"],
  examples: ["topic rotate builds", "topic rotate builds --history joined"],
  async run({ client, out, positionals, option, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const name = typedTopic(positionals[0] ?? "");
    const history = choice(command, "--history", option("history"), ["all", "joined"]);
    const key = await client().topics.rotate(name, history === null ? {} : { history }, { signal });
    if (flag("json")) out.json(key);
    else out.line(`${key.address} is sealed by key ${key.depth + 1} from now on`);
    return exitCodes.ok;
  },
};
