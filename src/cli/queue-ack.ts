import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { typedLease } from "./lease-options.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedQueue } from "./typed-address.ts";

export const command: Command = {
  name: "queue ack",
  summary: "Say that a claimed message is done with: nobody gets it again",
  usage: "queue ack <queue> <lease_id>",
  options: {},
  words: ["queue"],
  exits: ["notRunning", "conflict", "notFound", "tryLater"],
  related: ["queue claim", "queue nack"],
  examples: ["queue ack builds 12-q0hJt2X4m5cWv8Yw1xk3Zg"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 2, 2);
    const [queue = "", lease = ""] = positionals;
    const name = typedQueue(queue);
    const ended = await client().queues.ack(name, typedLease(command, lease), { signal });
    if (flag("json")) out.json(ended);
    else out.line(`done: message ${ended.history_id} of queue:${name}`);
    return exitCodes.ok;
  },
};
