import { basename } from "node:path";
import { findDaemonDir } from "../client/find-daemon.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { printDaemon } from "./status.ts";

export const command: Command = {
  name: "daemon status",
  summary: "Show the daemons of this home",
  usage: "daemon status [--mesh SLUG | --all] [--json]",
  options: {
    all: { type: "boolean", help: "of every mesh that this home has joined, whatever CLAUDEMESH_MESH says" },
  },
  examples: ["daemon status", "daemon status --mesh team"],
  related: ["status", "doctor"],
  async run({ launcher, out, positionals, home, mesh, flag }) {
    requireWords(command, positionals, 0, 0);
    const status = await (await launcher()).status(home);
    // The slug of an unknown mesh is told of before there is nothing to show.
    const slug = flag("all") || mesh === null ? null : basename(findDaemonDir(home, mesh));
    const daemons = status.daemons.filter((daemon) => slug === null || daemon.mesh === slug);
    if (flag("json")) out.json({ daemons });
    else if (daemons.length === 0) out.note("no daemons; make one: claudemesh up");
    else for (const daemon of daemons) printDaemon(out, daemon);
    return exitCodes.ok;
  },
};
