import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { running } from "./up.ts";

export const command: Command = {
  name: "broker up",
  summary: "Start the embedded broker of this home alone",
  usage: "broker up",
  options: {},
  examples: ["broker up"],
  async run({ launcher, out, positionals, home, flag }) {
    requireWords(command, positionals, 0, 0);
    const broker = await (await launcher()).brokerUp(home);
    if (flag("json")) out.json(broker);
    else out.line(`broker ${running(broker)}  ${broker.status.url ?? ""}`);
    return exitCodes.ok;
  },
};
