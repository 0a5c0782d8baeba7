import { existsSync } from "node:fs";
import type { Command } from "./command.ts";
import { configOptions, openConfig } from "./config/config-access.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";

export const command: Command = {
  name: "config path",
  summary: "Show where the settings lie; the file need not exist",
  usage: "config path [--broker] [--json]",
  options: configOptions,
  examples: ['"$EDITOR" "$(claudemesh config path)"'],
  exits: ["notRunning"],
  related: ["config list", "doctor"],
  async run(context) {
    requireWords(command, context.positionals, 0, 0);
    const { file } = await openConfig(context);
    if (context.flag("json")) context.out.json({ path: file.path, exists: existsSync(file.path) });
    else context.out.line(file.path);
    return exitCodes.ok;
  },
};
