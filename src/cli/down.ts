import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";

export const command: Command = {
  name: "down",
  summary: "Stop the daemon and the broker of this home; messages stay on disk",
  usage: "down",
  options: {},
  examples: ["down"],
  related: ["up", "status"],
  async run({ launcher, out, positionals, home, option, flag }) {
    requireWords(command, positionals, 0, 0);
    const answer = await (await launcher()).down(home, { daemons: true, broker: true, mesh: option("mesh") ?? null });
    if (flag("json")) {
      out.json(answer);
      return exitCodes.ok;
    }
    for (const { mesh, stopped } of answer.daemons)
      out.line(`daemon of ${mesh} ${stopped ? "stopped" : "was not running"}`);
    if (answer.broker !== null) out.line(`broker ${answer.broker.stopped ? "stopped" : "was not running"}`);
    if (answer.daemons.length === 0 && answer.broker === null) out.note(`nothing to stop in ${home}`);
    return exitCodes.ok;
  },
};
