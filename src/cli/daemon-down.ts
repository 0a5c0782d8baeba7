import { ClaudemeshError } from "../protocol/error.ts";
import type { Command } from "./command.ts";
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
  async run({ launcher, out, positionals, home, option, flag }) {
    requireWords(command, positionals, 0, 0);
    const mesh = flag("all") ? null : (option("mesh") ?? "local");
    const { daemons } = await (await launcher()).down(home, { daemons: true, broker: false, mesh });
    if (daemons.length === 0)
      throw new ClaudemeshError("not_running", `${home} has no daemon${mesh === null ? "" : ` of mesh ${mesh}`}`, {
        hint: "claudemesh status",
      });
    if (flag("json")) out.json({ daemons });
    else
      for (const daemon of daemons)
        out.line(`daemon of ${daemon.mesh} ${daemon.stopped ? "stopped" : "was not running"}`);
    return exitCodes.ok;
  },
};
