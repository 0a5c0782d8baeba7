import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedMember } from "./typed-address.ts";

export const command: Command = {
  name: "member rename",
  summary: "Give a member another name; the old one stays its own as well",
  usage: "member rename <member> <name>",
  options: {},
  words: ["member"],
  exits: ["notRunning", "notFound", "conflict", "tryLater"],
  related: ["members", "member role"],
  examples: ["member rename @laptop desk"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 2, 2);
    const member = typedMember(command, positionals[0] ?? "");
    const name = typedMember(command, positionals[1] ?? "").slice(1);
    const renamed = await client().membership.rename(member, name, { signal });
    if (flag("json")) out.json(renamed);
    else out.line(`${renamed.address} is its name; ${member} still leads to it, and to nobody else ever after`);
    return exitCodes.ok;
  },
};
