import type { Command } from "./command.ts";
import { logOptions, showLog } from "./log/show-log.ts";

export const command: Command = {
  name: "logs",
  summary: "Show the log of the daemon, or of this home's broker",
  usage: "logs [--broker] [--follow] [--lines N] [--level LEVEL] [--json]",
  options: { broker: { type: "boolean", help: "the log of the embedded broker" }, ...logOptions },
  examples: ["logs --level warn", "logs --broker --follow", "logs --lines 500 --json"],
  exits: ["notRunning", "interrupted"],
  related: ["doctor", "status"],
  run: (context) => showLog(command, context, context.flag("broker") ? "broker" : "daemon"),
};
