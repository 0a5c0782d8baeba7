import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { typedMember } from "./typed-address.ts";
import { limits } from "../protocol/limits.ts";

const everybody = "everybody";

export const command: Command = {
  name: "dm allow",
  summary: "Say whose direct messages this member takes: of those named and nobody else, or everybody's",
  usage: "dm allow <member>... | everybody",
  options: {},
  words: ["member"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["members", "member grant"],
  examples: ["dm allow @bob @carol", "dm allow everybody"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, limits.dmFromMax);
    const all = positionals.includes(everybody);
    if (all && positionals.length > 1) throw usage(command, `\`${everybody}\` stands alone`);
    const from = all ? null : positionals.map((written) => typedMember(command, written));
    const policy = await client().membership.takeDmsFrom(from, { signal });
    if (flag("json")) out.json(policy);
    else if (policy.from === null) out.line("this member takes direct messages of everybody");
    else out.line(`this member takes direct messages of ${policy.from.join(", ")}, and of nobody else`);
    return exitCodes.ok;
  },
};
