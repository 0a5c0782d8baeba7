import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { printDaemon } from "./status.ts";

export const command: Command = {
  name: "daemon status",
  summary: "Show the daemons of this home",
  usage: "daemon status [--json]",
  options: {},
  examples: ["daemon status"],
  related: ["status", "doctor"],
  async run({ launcher, out, positionals, home, flag }) {
    requireWords(command, positionals, 0, 0);
    const { daemons } = await (await launcher()).status(home);
    if (flag("json")) out.json({ daemons });
    else if (daemons.length === 0) out.note("no daemons; make one: claudemesh up");
    else for (const daemon of daemons) printDaemon(out, daemon);
    return exitCodes.ok;
  },
};
