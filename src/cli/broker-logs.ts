import type { Command } from "./command.ts";
import { logOptions, showLog } from "./log/show-log.ts";

export const command: Command = {
  name: "broker logs",
  summary: "Show the log of this home's broker",
  usage: "broker logs [--follow] [--lines N] [--level LEVEL] [--json]",
  options: logOptions,
  examples: ["broker logs --level error"],
  exits: ["notRunning", "interrupted"],
  related: ["logs"],
  run: (context) => showLog(command, context, "broker"),
};
