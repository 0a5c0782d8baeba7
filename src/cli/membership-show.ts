import type { MembershipView } from "../protocol/membership-api.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { entryTexts } from "./membership-text.ts";
import { requireWords } from "./parse-arguments.ts";
import { allEntries } from "./read-chain.ts";
import { table } from "./table.ts";

export const command: Command = {
  name: "membership show",
  summary: "Show who came, changed and went, as signed, and whether the broker shows the same",
  usage: "membership show [--json]",
  options: {},
  exits: ["notRunning"],
  related: ["membership verify", "members", "verify"],
  examples: ["membership show"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const chain = await allEntries(client(), signal);
    if (flag("json")) {
      out.json(chain);
      return exitCodes.ok;
    }
    const texts = entryTexts(chain.entries);
    const rows = chain.entries.map((entry, at) => [
      String(entry["n"]),
      String(entry["at"]),
      texts[at]?.by ?? "",
      texts[at]?.what ?? "",
    ]);
    if (rows.length > 0) for (const line of table([["N", "AT", "BY", "WHAT"], ...rows])) out.line(line);
    if (chain.head !== null) out.line(`head  ${chain.head}`);
    tellTrouble(out, chain);
    return exitCodes.ok;
  },
};

/** What the broker shows is not what this home holds: said where anybody looks. */
export function tellTrouble(out: { note(text: string): void }, { trouble }: Pick<MembershipView, "trouble">): void {
  if (trouble === null) return;
  out.note(`${trouble.code}: ${trouble.message}`);
  out.note(`hint: ${trouble.hint}`);
}
