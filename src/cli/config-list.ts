import type { Command } from "./command.ts";
import { configOptions, openConfig } from "./config/config-access.ts";
import { valueText } from "./config/config-value.ts";
import { exitCodes } from "./exit-codes.ts";
import type { GivenSetting } from "./config/config-file.ts";
import { requireWords } from "./parse-arguments.ts";
import { printable } from "./printable.ts";
import { wrap } from "./wrap.ts";

export const command: Command = {
  name: "config list",
  summary: "Show every setting with its value, where that comes from, and what it takes",
  usage: "config list [--broker] [--json]",
  options: configOptions,
  examples: ["config list", "config list --broker"],
  exits: ["notRunning"],
  related: ["config get", "config set", "config unset", "config path"],
  async run(context) {
    requireWords(command, context.positionals, 0, 0);
    const { out } = context;
    const { file, source } = await openConfig(context);
    const given = file.given(source);
    const settings = file.keys.map(({ key, help, takes, default: byDefault, live }) => ({
      key,
      value: given[key]?.value ?? null,
      default: byDefault,
      set: file.isSet(source, key),
      from: given[key]?.from ?? "default",
      name: given[key]?.name ?? null,
      live,
      takes,
      help,
    }));
    if (context.flag("json")) {
      out.json({ path: file.path, settings });
      return exitCodes.ok;
    }
    for (const setting of settings) {
      const text = printable(valueText(setting.value));
      out.line(`${out.paint.bold(setting.key)} = ${text}${givenBy(setting)}`);
      for (const line of wrap(`${setting.help}; takes ${setting.takes}`, out.width, "  ")) out.line(line);
    }
    out.note(
      `in ${file.path}; change one: claudemesh config set KEY VALUE${context.flag("broker") ? " --broker" : ""}`,
    );
    return exitCodes.ok;
  },
};

/** What stands in the file needs no word. */
function givenBy({ from, name }: Pick<GivenSetting, "from" | "name">): string {
  return from === "file" ? "" : ` (${name ?? from})`;
}
