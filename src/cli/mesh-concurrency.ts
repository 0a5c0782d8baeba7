import { concurrencyPolicies, type ConcurrencyPolicy } from "../protocol/concurrency.ts";
import { choice } from "./choice.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";

const meanings: Readonly<Record<ConcurrencyPolicy, string>> = {
  prefer_newest: "the newer one takes the link over, and the older one ends",
  prefer_oldest: "the one that is connected stays, and the newer one is refused",
  allow_concurrent: "the first receives, and the others only send",
};

export const command: Command = {
  name: "mesh concurrency",
  summary: "Show or change what the mesh does when two daemons use one member's keys",
  usage: "mesh concurrency [policy]",
  options: {},
  words: [concurrencyPolicies],
  exits: ["notRunning", "tryLater"],
  related: ["status", "doctor", "members"],
  examples: ["mesh concurrency", "mesh concurrency prefer_oldest"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 0, 1);
    const policy = choice(command, "the policy", positionals[0], concurrencyPolicies);
    const { membership } = client();
    const found = await (policy === null
      ? membership.concurrency({ signal })
      : membership.setConcurrency(policy, { signal }));
    if (flag("json")) out.json(found);
    else out.line(`${found.policy}: of two daemons with one member's keys, ${meanings[found.policy]}`);
    return exitCodes.ok;
  },
};
