import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { table } from "./table.ts";

/** Of an id, enough to tell invites apart; `invite revoke` takes as much. */
const shownChars = 12;

export const command: Command = {
  name: "invite list",
  summary: "List the invites of this mesh, newest first",
  usage: "invite list [--json]",
  options: {},
  exits: ["notRunning", "tryLater"],
  related: ["invite", "invite revoke"],
  examples: ["invite list"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const invites = await client().invites.list({ signal });
    if (flag("json")) {
      out.json({ invites });
      return exitCodes.ok;
    }
    if (invites.length === 0) out.note("no invites; make one: claudemesh invite");
    const rows = invites.map((invite) => [
      invite.invite_id.slice(0, shownChars),
      invite.state,
      invite.role,
      `${invite.used} of ${invite.uses}`,
      invite.expires_at,
    ]);
    if (rows.length > 0)
      for (const line of table([["ID", "STATE", "ROLE", "USED", "EXPIRES"], ...rows])) out.line(line);
    return exitCodes.ok;
  },
};
