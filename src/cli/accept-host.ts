import { daemonDirs } from "../client/find-daemon.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { Command } from "./command.ts";
import { daemonMeant } from "./daemon-meant.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";

export const command: Command = {
  name: "accept-host",
  summary: "Make this home's member belong to this host: the same keys, after a move or a restore",
  usage: "accept-host [--mesh SLUG | --all]",
  options: { all: { type: "boolean", help: "of every mesh that this home has joined" } },
  examples: ["accept-host", "accept-host --all"],
  exits: ["notRunning", "conflict"],
  related: ["remint", "doctor", "daemon up"],
  async run(context) {
    const { launcher, out, positionals, home, flag } = context;
    requireWords(command, positionals, 0, 0);
    const slugs = flag("all") ? daemonDirs(home).map(({ slug }) => slug) : [daemonMeant(context)];
    if (slugs.length === 0)
      throw new ClaudemeshError("not_running", `${home} has no daemon`, { hint: "claudemesh up" });
    const hosts = await (await launcher()).acceptHost(home, slugs);
    if (flag("json")) {
      out.json({ hosts });
      return exitCodes.ok;
    }
    for (const { mesh, source, changed } of hosts)
      out.line(`${mesh} belongs to this host${changed ? "" : ", as before"}  (known by ${source})`);
    if (hosts.some(({ detection_off: off }) => off))
      out.note("nothing tells this host from others, so a copy of this home would not be noticed by it");
    out.note("never run two copies of one home: they are one member twice, and take the link from each other");
    return exitCodes.ok;
  },
};
