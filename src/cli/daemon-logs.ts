import type { Command } from "./command.ts";
import { logOptions, showLog } from "./log/show-log.ts";

export const command: Command = {
  name: "daemon logs",
  summary: "Show the log of the daemon",
  usage: "daemon logs [--follow] [--lines N] [--level LEVEL] [--json]",
  options: logOptions,
  examples: ["daemon logs --follow"],
  exits: ["notRunning", "interrupted"],
  related: ["logs"],
  run: (context) => showLog(command, context, "daemon"),
};
