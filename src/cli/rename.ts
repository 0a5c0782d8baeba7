import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedMember } from "./typed-address.ts";

export const command: Command = {
  name: "rename",
  summary: "Take another name yourself; the old one stays yours as well",
  usage: "rename <name> [--mesh SLUG]",
  options: {},
  exits: ["notRunning", "conflict", "tryLater"],
  related: ["member rename", "members"],
  examples: ["rename desk"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const name = typedMember(command, positionals[0] ?? "").slice(1);
    const { member } = await client().health({ signal });
    const renamed = await client().membership.rename(member.member_id, name, { signal });
    if (flag("json")) out.json(renamed);
    else if (renamed.address === member.address) out.line(`${renamed.address} was the name already`);
    else out.line(`you are ${renamed.address}; ${member.address} still leads to you, and to nobody else ever after`);
    return exitCodes.ok;
  },
};
