import { ClaudemeshError } from "../protocol/error.ts";
import type { Command } from "./command.ts";
import { daemonMeant } from "./daemon-meant.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";

export const command: Command = {
  name: "daemon down",
  summary: "Stop the daemon of one mesh, or of all",
  usage: "daemon down [--mesh SLUG | --all]",
  options: {
    all: { type: "boolean", help: "of every mesh that this home has joined" },
  },
  examples: ["daemon down", "daemon down --all"],
  exits: ["notRunning"],
  related: ["down", "daemon restart"],
  async run(context) {
    const { launcher, out, positionals, home, flag } = context;
    requireWords(command, positionals, 0, 0);
    const mesh = flag("all") ? null : daemonMeant(context);
    const { daemons } = await (await launcher()).down(home, { daemons: true, broker: false, mesh });
    if (daemons.length === 0)
      throw new ClaudemeshError("not_running", `${home} has no daemon`, { hint: "claudemesh up" });
    if (flag("json")) out.json({ daemons });
    else
      for (const daemon of daemons)
        out.line(`daemon of ${daemon.mesh} ${daemon.stopped ? "stopped" : "was not running"}`);
    return exitCodes.ok;
  },
};
