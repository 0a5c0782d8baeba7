import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { table } from "./table.ts";

export const command: Command = {
  name: "daemon ps",
  summary: "List the daemons of this home that run",
  usage: "daemon ps [--all] [--json]",
  options: {
    all: { type: "boolean", help: "also those that do not run" },
  },
  examples: ["daemon ps", "daemon ps --all --json"],
  related: ["status", "daemon status"],
  async run({ launcher, out, positionals, home, flag }) {
    requireWords(command, positionals, 0, 0);
    const status = await (await launcher()).status(home);
    const daemons = status.daemons.filter(({ state }) => flag("all") || state !== "stopped");
    if (flag("json")) {
      out.json({ daemons });
      return exitCodes.ok;
    }
    if (daemons.length === 0) {
      out.note(status.daemons.length === 0 ? "no daemons; make one: claudemesh up" : "no daemon runs: claudemesh up");
      return exitCodes.ok;
    }
    const rows = daemons.map(({ pid, mesh, address, state, socket }) => [
      pid === null ? "-" : String(pid),
      mesh,
      address,
      state,
      socket,
    ]);
    for (const line of table([["PID", "MESH", "ADDRESS", "STATE", "SOCKET"], ...rows])) out.line(line);
    return exitCodes.ok;
  },
};
