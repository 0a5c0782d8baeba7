import { choice } from "./choice.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedMember } from "./typed-address.ts";

const roles = ["owner", "admin", "member", "guest"] as const;

export const command: Command = {
  name: "member role",
  summary: "Give a member another role: owner, admin, member or guest",
  usage: "member role <member> <role>",
  options: {},
  words: ["member", roles],
  exits: ["notRunning", "notFound", "conflict", "tryLater"],
  related: ["members", "member grant"],
  examples: ["member role @bob admin"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 2, 2);
    const member = typedMember(command, positionals[0] ?? "");
    const role = choice(command, "the role", positionals[1], roles) ?? "member";
    const changed = await client().membership.setRole(member, role, { signal });
    if (flag("json")) out.json(changed);
    else out.line(`${changed.address} is ${changed.role}`);
    return exitCodes.ok;
  },
};
