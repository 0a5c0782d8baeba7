import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedQueue } from "./typed-address.ts";

export const command: Command = {
  name: "queue close",
  summary: "Let API keys send nothing more to a queue that nobody has sealed; what came can still be claimed",
  usage: "queue close <queue>",
  options: {},
  words: ["queue"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["queue open", "apikey revoke"],
  examples: ["queue close builds"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const name = typedQueue(positionals[0] ?? "");
    const queue = await client().queues.setPolicy(name, { unsealed: false }, { signal });
    if (flag("json")) out.json(queue);
    else out.line(`${queue.address} is closed for unsealed messages`);
    return exitCodes.ok;
  },
};
