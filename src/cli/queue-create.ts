import { limits } from "../protocol/limits.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { wholeNumber } from "./page-options.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedQueue } from "./typed-address.ts";

export const command: Command = {
  name: "queue create",
  summary: "Create a queue, whose messages are worked on by one consumer each",
  usage: "queue create <queue> [--deliveries N]",
  options: {
    deliveries: {
      type: "string",
      value: "N",
      help: `deliveries after which a message that nobody acknowledged is a dead letter, ${limits.queueDeliveries} by default`,
    },
  },
  exits: ["notRunning", "conflict", "tryLater"],
  related: ["queue work", "queue list", "send"],
  examples: ["queue create builds", "queue create builds --deliveries 2"],
  async run({ client, out, positionals, option, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const name = typedQueue(positionals[0] ?? "");
    const deliveries = wholeNumber(command, "--deliveries", option("deliveries"), 1, limits.queueDeliveriesMax);
    const choice = deliveries === null ? {} : { deliveries_max: deliveries };
    const queue = await client().queues.create(name, choice, { signal });
    if (flag("json")) out.json(queue);
    else out.line(`created ${queue.address}`);
    return exitCodes.ok;
  },
};
