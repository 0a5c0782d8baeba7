import { ClaudemeshError } from "../protocol/error.ts";
import { verifyChain } from "../protocol/membership/chain.ts";
import { readEntry } from "../protocol/membership/read-entry.ts";
import { activeMembers } from "../protocol/membership/state.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { tellTrouble } from "./membership-show.ts";
import { requireWords } from "./parse-arguments.ts";
import { plural } from "./plural.ts";
import { allEntries } from "./read-chain.ts";

export const command: Command = {
  name: "membership verify",
  summary: "Check every signature and link of the membership that this home holds, from the first entry on",
  usage: "membership verify [--json]",
  options: {},
  exits: ["notRunning", "conflict"],
  related: ["membership show", "verify", "doctor"],
  examples: ["membership verify"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const chain = await allEntries(client(), signal);
    const entries = chain.entries.map(readEntry);
    const [first] = entries;
    if (first === undefined) {
      throw new ClaudemeshError("mesh_unsealed", "this home holds no membership that could be checked", {
        hint: chain.trouble?.hint ?? "claudemesh mesh seal",
      });
    }
    // In this process and from the entries alone: what the daemon makes of them plays no part.
    const state = verifyChain(entries, first.mesh_id);
    if (state.head !== chain.head)
      throw new ClaudemeshError("membership_invalid", "the entries do not lead to the head that the daemon goes by", {
        hint: "claudemesh daemon restart reads the file anew",
      });
    const members = activeMembers(state).length;
    if (flag("json"))
      out.json({ entries: entries.length, members, n: state.n, head: state.head, trouble: chain.trouble });
    else {
      out.line(`good  ${entries.length === 1 ? "1 entry" : `${entries.length} entries`}, ${plural(members, "member")}`);
      out.line(`head  ${state.head}`);
      out.note("another member with the same head holds the same membership");
      tellTrouble(out, chain);
    }
    return exitCodes.ok;
  },
};
