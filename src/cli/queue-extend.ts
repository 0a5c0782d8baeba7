import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { leaseOption, readLease, typedLease } from "./lease-options.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedQueue } from "./typed-address.ts";

export const command: Command = {
  name: "queue extend",
  summary: "Keep a claimed message for longer",
  usage: "queue extend <queue> <lease_id> [--lease D]",
  options: leaseOption,
  words: ["queue"],
  exits: ["notRunning", "conflict", "notFound", "tryLater"],
  related: ["queue claim", "queue work"],
  examples: ["queue extend builds 12-q0hJt2X4m5cWv8Yw1xk3Zg --lease 10m"],
  async run(context) {
    const { client, out, positionals, flag, signal } = context;
    requireWords(command, positionals, 2, 2);
    const [queue = "", lease = ""] = positionals;
    const name = typedQueue(queue);
    const lease_id = typedLease(command, lease);
    const lease_s = readLease(command, context);
    const choice = lease_s === undefined ? {} : { lease_s };
    const extended = await client().queues.extend(name, lease_id, choice, { signal });
    if (flag("json")) out.json(extended);
    else out.line(`extended until ${extended.lease_until}`);
    return exitCodes.ok;
  },
};
