import type { Command, Option } from "../command.ts";
import { commonExits, exitCodeTable } from "../exit-codes.ts";
import { commonOptions } from "../parse-arguments.ts";
import { definitions, wrap } from "../wrap.ts";

/** One command in full, for a terminal of `width` columns. */
export function commandText(command: Command, width: number): string[] {
  const own = optionRows(command.options);
  return [
    ...wrap(`${command.summary}.`, width),
    "",
    `usage: claudemesh ${command.usage}`,
    ...(command.aliases === undefined
      ? []
      : [`also: ${command.aliases.map((name) => `claudemesh ${name}`).join(", ")}`]),
    ...(own.length === 0 ? [] : ["", "options", ...definitions(own, width)]),
    "",
    "options of every command",
    ...definitions(optionRows(commonOptions), width),
    "",
    "examples",
    ...command.examples.map((example) => `  ${exampleLine(example)}`),
    "",
    "exit codes",
    ...definitions(exitRows(command), width),
    ...(command.related === undefined
      ? []
      : ["", ...wrap(`See also: ${command.related.map((name) => `claudemesh ${name}`).join(", ")}`, width)]),
  ];
}

export function optionRows(options: Readonly<Record<string, Option>>): (readonly [string, string])[] {
  return Object.entries(options).map(([name, option]) => [
    option.type === "string" ? `--${name} ${option.value ?? "VALUE"}` : `--${name}`,
    option.help,
  ]);
}

export function exitRows(command: Command): (readonly [string, string])[] {
  const names = [...new Set([...commonExits, ...(command.exits ?? [])])];
  return names
    .map((name) => exitCodeTable[name])
    .sort((a, b) => a.code - b.code)
    .map(({ code, says }) => [String(code), says] as const);
}

/** Examples are written without the program's name, unless they are more than one command of it. */
export function exampleLine(example: string): string {
  return /(^|[\s(])claudemesh /.test(example) ? example : `claudemesh ${example}`;
}
