import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { typedQueue } from "./typed-address.ts";

export const command: Command = {
  name: "queue open",
  summary: "Let API keys send to a queue what nobody has sealed or signed, as monitors and webhooks do",
  usage: "queue open <queue> --unsealed",
  options: {
    unsealed: {
      type: "boolean",
      help: "said on purpose: the broker can read such messages, and whoever claims one is shown that they are not signed",
    },
  },
  words: ["queue"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["queue close", "apikey create", "queue list"],
  examples: ["queue open builds --unsealed"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const name = typedQueue(positionals[0] ?? "");
    if (!flag("unsealed"))
      throw usage(
        command,
        "a queue is opened for messages that the broker can read and that nobody has signed; say so",
        `claudemesh queue open ${name} --unsealed`,
      );
    const queue = await client().queues.setPolicy(name, { unsealed: true }, { signal });
    if (flag("json")) out.json(queue);
    else out.line(`${queue.address} is open for unsealed messages of API keys`);
    return exitCodes.ok;
  },
};
