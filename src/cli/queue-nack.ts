import { limits } from "../protocol/limits.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { secondsOf, typedLease } from "./lease-options.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { typedQueue } from "./typed-address.ts";

export const command: Command = {
  name: "queue nack",
  summary: "Give a claimed message back; after its last delivery it is a dead letter",
  usage: "queue nack <queue> <lease_id> [--delay D] [--reason TEXT]",
  options: {
    delay: { type: "string", value: "30s", help: "how long nobody gets it; without it, it is available at once" },
    reason: { type: "string", value: "TEXT", help: "why; shown should it become a dead letter" },
  },
  words: ["queue"],
  exits: ["notRunning", "conflict", "notFound", "tryLater"],
  related: ["queue claim", "queue ack", "queue dead"],
  examples: ["queue nack builds 12-q0hJt2X4m5cWv8Yw1xk3Zg --delay 5m --reason 'no runner is free'"],
  async run(context) {
    const { client, out, positionals, option, flag, signal } = context;
    requireWords(command, positionals, 2, 2);
    const [queue = "", lease = ""] = positionals;
    const name = typedQueue(queue);
    const lease_id = typedLease(command, lease);
    const delay = secondsOf(command, context, "delay", 1, limits.nackDelayMsMax);
    const reason = option("reason");
    if (reason !== undefined && reason.length > limits.nackReasonCharsMax)
      throw usage(command, `--reason has more than ${limits.nackReasonCharsMax} characters`);
    const choice = { ...(delay === undefined ? {} : { delay_s: delay }), ...(reason === undefined ? {} : { reason }) };
    const ended = await client().queues.nack(name, lease_id, choice, { signal });
    if (flag("json")) out.json(ended);
    else
      out.line(
        ended.state === "dead"
          ? `dead letter: message ${ended.history_id} of queue:${name}`
          : `given back: message ${ended.history_id} of queue:${name}, available at ${ended.available_at ?? ""}`,
      );
    return exitCodes.ok;
  },
};
