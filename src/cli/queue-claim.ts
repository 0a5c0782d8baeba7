import { limits } from "../protocol/limits.ts";
import type { ClaimedMessage } from "../protocol/local-api.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { leaseOption, readLease, secondsOf } from "./lease-options.ts";
import { messageLines } from "./message-text.ts";
import type { Output } from "./output.ts";
import { wholeNumber } from "./page-options.ts";
import { requireWords } from "./parse-arguments.ts";
import { unbroken } from "./printable.ts";
import { typedQueue } from "./typed-address.ts";

const waitSecondsMax = limits.claimWaitMsMax / 1_000;

export const command: Command = {
  name: "queue claim",
  summary: "Take messages of a queue under a lease, for `queue ack` or `queue nack` to end",
  usage: "queue claim <queue> [--limit N] [--lease D] [--wait D]",
  options: {
    limit: { type: "string", value: "N", help: "how many at most, 1 by default" },
    ...leaseOption,
    wait: {
      type: "string",
      value: `${waitSecondsMax}s`,
      help: `how long to wait for the first, at most ${waitSecondsMax} s; without it, what is there`,
    },
  },
  words: ["queue"],
  exits: ["notRunning", "notFound", "waitTimedOut", "tryLater", "interrupted"],
  related: ["queue work", "queue ack", "queue nack", "queue extend"],
  examples: ["queue claim builds", "queue claim builds --wait 30s --lease 10m --json"],
  async run(context) {
    const { client, out, positionals, option, flag, signal } = context;
    requireWords(command, positionals, 1, 1);
    const name = typedQueue(positionals[0] ?? "");
    const limit = wholeNumber(command, "--limit", option("limit"), 1, limits.claimItemsMax);
    const lease = readLease(command, context);
    const wait = secondsOf(command, context, "wait", 1, limits.claimWaitMsMax);
    const choice = {
      ...(limit === null ? {} : { limit }),
      ...(lease === undefined ? {} : { lease_s: lease }),
      ...(wait === undefined ? {} : { wait_s: wait }),
    };
    const items = await client().queues.claim(name, choice, { signal });
    if (flag("json")) out.json({ items });
    else if (items.length === 0) out.note(`nothing to claim in queue:${name}`);
    else for (const item of items) for (const line of claimedLines(item, out.paint)) out.line(line);
    return items.length === 0 ? exitCodes.waitTimedOut : exitCodes.ok;
  },
};

function claimedLines(item: ClaimedMessage, paint: Output["paint"]): string[] {
  const lease = `lease ${unbroken(item.lease_id)}  until ${item.lease_until}  delivery ${item.deliveries}`;
  const [head = "", ...text] = messageLines(item, paint);
  return [head, `  ${paint.dim(lease)}`, ...text];
}
