import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { typedMember } from "./typed-address.ts";

export const command: Command = {
  name: "member revoke",
  summary: "End a membership for good: of a stolen host, or of somebody who is to read nothing further",
  usage: "member revoke <member> --yes",
  options: { yes: { type: "boolean", help: "said on purpose: it cannot be taken back" } },
  words: ["member"],
  exits: ["notRunning", "notFound", "conflict", "tryLater"],
  related: ["members", "leave", "invite"],
  examples: ["member revoke @laptop --yes"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const member = typedMember(command, positionals[0] ?? "");
    if (!flag("yes"))
      throw usage(
        command,
        `${member} could not come back with its keys, and its name would stay its own; nothing is done yet`,
        `claudemesh member revoke ${member} --yes`,
      );
    const revoked = await client().membership.revoke(member, { signal });
    if (flag("json")) out.json(revoked);
    else
      out.line(
        `revoked ${revoked.address}: its links are closed, and what is sent from now on is sealed to keys that it does not have`,
      );
    return exitCodes.ok;
  },
};
