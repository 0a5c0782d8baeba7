import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { printBroker } from "./status.ts";

export const command: Command = {
  name: "broker status",
  summary: "Show the embedded broker of this home",
  usage: "broker status [--json]",
  options: {},
  examples: ["broker status"],
  related: ["status", "doctor"],
  async run({ launcher, out, positionals, home, flag }) {
    requireWords(command, positionals, 0, 0);
    const { broker } = await (await launcher()).status(home);
    if (flag("json")) out.json({ broker });
    else printBroker(out, broker);
    return exitCodes.ok;
  },
};
