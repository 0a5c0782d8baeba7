import type { Command } from "./command.ts";
import { daemonMeant, pairSlug } from "./daemon-meant.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";

export const command: Command = {
  name: "down",
  summary: "Stop the daemon and the broker of this home; messages stay on disk, those of an ephemeral daemon go out",
  usage: "down [--mesh SLUG]",
  options: {},
  examples: ["down", "down --mesh team"],
  exits: ["notRunning", "neverSent"],
  related: ["up", "status"],
  async run({ launcher, out, positionals, home, option, flag }) {
    requireWords(command, positionals, 0, 0);
    // Only what is typed here: a default for other commands must not keep `down` from stopping everything.
    const named = option("mesh") ?? null;
    const mesh = named === null ? null : daemonMeant({ home, mesh: named });
    // The broker serves the home's own mesh, so it stays when a joined one is named.
    const broker = mesh === null || mesh === pairSlug;
    const answer = await (await launcher()).down(home, { daemons: true, broker, mesh });
    if (flag("json")) {
      out.json(answer);
      return exitCodes.ok;
    }
    for (const daemon of answer.daemons)
      out.line(`daemon of ${daemon.mesh} ${daemon.stopped ? "stopped" : "was not running"}`);
    if (answer.broker !== null) out.line(`broker ${answer.broker.stopped ? "stopped" : "was not running"}`);
    if (answer.daemons.length === 0 && answer.broker === null) out.note(`nothing to stop in ${home}`);
    return exitCodes.ok;
  },
};
