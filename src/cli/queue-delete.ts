import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedQueue } from "./typed-address.ts";

export const command: Command = {
  name: "queue delete",
  summary: "Delete a queue that holds nothing any more",
  usage: "queue delete <queue> [--force]",
  options: {
    force: {
      type: "boolean",
      help: "give up what nobody has acknowledged, dead letters included; the senders are told",
    },
  },
  words: ["queue"],
  exits: ["notRunning", "conflict", "notFound", "tryLater"],
  related: ["queue list", "queue dead"],
  examples: ["queue delete builds", "queue delete builds --force"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const name = typedQueue(positionals[0] ?? "");
    const deleted = await client().queues.delete(name, { force: flag("force") }, { signal });
    if (flag("json")) out.json(deleted);
    else out.line(`deleted queue:${deleted.name}`);
    return exitCodes.ok;
  },
};
