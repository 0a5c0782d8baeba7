import type { Command } from "./command.ts";
import { configOptions, findKey, openConfig } from "./config/config-access.ts";
import { valueText } from "./config/config-value.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { printable } from "./printable.ts";

export const command: Command = {
  name: "config get",
  summary: "Show one setting's value: a text as it is, a list one entry a line, nothing where there is none",
  usage: "config get <key> [--broker] [--json]",
  options: configOptions,
  words: ["config-key"],
  examples: ["config get outbox.disk_bytes_max", "config get retention.message_days --broker"],
  exits: ["notRunning"],
  related: ["config list", "config set"],
  async run(context) {
    requireWords(command, context.positionals, 1, 1);
    const { out } = context;
    const { file, source } = await openConfig(context);
    const { key, default: byDefault } = findKey(file, context.positionals[0] ?? "");
    const { value = null, from = "default", name = null } = file.given(source)[key] ?? {};
    if (context.flag("json")) out.json({ key, value, default: byDefault, set: file.isSet(source, key), from, name });
    else for (const entry of entries(value)) out.line(printable(valueText(entry)));
    return exitCodes.ok;
  },
};

function entries(value: unknown): readonly unknown[] {
  if (value === null) return [];
  return Array.isArray(value) ? value : [value];
}
