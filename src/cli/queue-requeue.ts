import { limits } from "../protocol/limits.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { plural } from "./plural.ts";
import { historyNumber } from "./row-number.ts";
import { typedQueue } from "./typed-address.ts";

export const command: Command = {
  name: "queue requeue",
  summary: "Make dead letters ready again, with all their deliveries: all of a queue, or those that are named",
  usage: "queue requeue <queue> [history_id...]",
  options: {},
  words: ["queue"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["queue dead"],
  examples: ["queue requeue builds", "queue requeue builds 12 15"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1 + limits.frameItemsMax);
    const [queue = "", ...numbers] = positionals;
    const name = typedQueue(queue);
    const history_ids = numbers.map((text) => historyNumber(command, text, "claudemesh queue dead"));
    const choice = history_ids.length === 0 ? {} : { history_ids };
    const requeued = await client().queues.requeue(name, choice, { signal });
    if (flag("json")) out.json({ requeued });
    else out.line(`${plural(requeued, "message")} of queue:${name} ready again`);
    return requeued < history_ids.length ? exitCodes.notFound : exitCodes.ok;
  },
};
