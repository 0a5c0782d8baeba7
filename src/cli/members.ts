import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { table } from "./table.ts";

export const command: Command = {
  name: "members",
  summary: "List the members of the mesh",
  usage: "members [--json]",
  options: {},
  examples: ["members"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const members = await client().members({ signal });
    if (flag("json")) {
      out.json({ members });
      return exitCodes.ok;
    }
    const rows = members.map((member) => [
      member.address,
      member.role,
      member.online ? "online" : "offline",
      member.last_seen_at ?? "-",
      member.self ? "(this daemon)" : "",
    ]);
    for (const line of table([["ADDRESS", "ROLE", "LINK", "LAST SEEN", ""], ...rows])) out.line(line);
    return exitCodes.ok;
  },
};
