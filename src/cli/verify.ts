import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedMember } from "./typed-address.ts";

const groupsOfLine = 4;

export const command: Command = {
  name: "verify",
  summary: "Show sixty digits to compare with a member aloud: equal at both, or somebody stands between",
  usage: "verify <member>",
  options: {},
  words: ["member"],
  exits: ["notRunning", "notFound"],
  related: ["members", "membership show"],
  examples: ["verify @bob"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const found = await client().membership.safetyNumber(typedMember(command, positionals[0] ?? ""), { signal });
    if (flag("json")) {
      out.json(found);
      return exitCodes.ok;
    }
    const { self, member } = found;
    out.line(`${self.address} and ${member.address}`);
    const groups = found.digits.split(" ");
    for (let at = 0; at < groups.length; at += groupsOfLine)
      out.line(`  ${groups.slice(at, at + groupsOfLine).join("  ")}`);
    out.note(`on ${member.address}'s host: claudemesh verify ${self.address}`);
    out.note("read them to each other, over a call or side by side, and not over this mesh");
    out.note(
      "all sixty alike: each has the other's true keys. If not: send nothing secret, and ask whoever runs the mesh",
    );
    return exitCodes.ok;
  },
};
