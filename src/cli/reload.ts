import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { plural } from "./plural.ts";

export const command: Command = {
  name: "reload",
  summary: "Have the daemon read its settings again; the link to the broker stays",
  usage: "reload [--mesh SLUG] [--json]",
  options: {},
  examples: ["reload"],
  exits: ["notRunning"],
  related: ["config set", "config list", "daemon restart"],
  async run({ client, out, positionals, flag, mesh, signal }) {
    requireWords(command, positionals, 0, 0);
    const reloaded = await client().reload({ signal });
    if (flag("json")) {
      out.json(reloaded);
      return exitCodes.ok;
    }
    for (const key of reloaded.applied) out.line(`${key} is in force`);
    for (const key of reloaded.restart_needed) out.line(`${key} is in force from the next start on`);
    out.line(`${plural(reloaded.unchanged, "setting")} unchanged`);
    if (reloaded.restart_needed.length > 0)
      out.note(`next: claudemesh daemon restart${mesh === null ? "" : ` --mesh ${mesh}`}`);
    return exitCodes.ok;
  },
};
