import { ClaudemeshError } from "../protocol/error.ts";
import type { Command, Option } from "./command.ts";
import { commandNames, commands, findCommand } from "./commands.ts";
import { exitCodes, exitCodeTable } from "./exit-codes.ts";
import type { Output } from "./output.ts";
import { commonOptions } from "./parse-arguments.ts";
import { quoted } from "./printable.ts";
import { table } from "./table.ts";
import { suggest } from "../protocol/suggest.ts";

export const command: Command = {
  name: "help",
  summary: "Show the commands, or one command's options and examples",
  usage: "help [command]",
  options: {},
  examples: ["help", "help send"],
  async run({ positionals, out }) {
    const wanted = positionals.join(" ");
    if (wanted === "") {
      out.line("claudemesh: durable messages between agents, hosts and scripts");
      out.line("");
      await list(out, commandNames());
      out.line("");
      out.line("Start with `claudemesh up`. `claudemesh help <command>` shows one in full.");
      out.line("");
      out.line("Exit codes:");
      for (const { code, says } of Object.values(exitCodeTable)) out.line(`  ${String(code).padEnd(3)}  ${says}`);
      return exitCodes.ok;
    }
    const found = await findCommand(positionals);
    if (found?.words === positionals.length) {
      describe(out, found.command);
      return exitCodes.ok;
    }
    const group = commandNames(`${wanted} `);
    if (group.length === 0) {
      const [meant = null] = suggest(wanted, commandNames());
      throw new ClaudemeshError("usage", `there is no command ${quoted(wanted)}`, {
        hint: meant === null ? "claudemesh help" : `claudemesh help ${meant}`,
      });
    }
    await list(out, group);
    return exitCodes.ok;
  },
};

async function list(out: Output, names: readonly string[]): Promise<void> {
  const rows: string[][] = [];
  for (const name of names) {
    const load = commands[name];
    if (load !== undefined) rows.push([`  ${name}`, (await load()).command.summary]);
  }
  for (const line of table(rows)) out.line(line);
}

function describe(out: Output, described: Command): void {
  out.line(`${described.summary}.`);
  out.line("");
  out.line(`usage: claudemesh ${described.usage}`);
  for (const alias of described.aliases ?? []) out.line(`also: claudemesh ${alias}`);
  out.line("");
  const rows = Object.entries({ ...described.options, ...commonOptions }).map(([name, option]) => [
    `  ${form(name, option)}`,
    option.help,
  ]);
  for (const line of table(rows)) out.line(line);
  out.line("");
  for (const example of described.examples)
    out.line(`  ${example.includes("claudemesh") ? example : `claudemesh ${example}`}`);
}

function form(name: string, option: Option): string {
  return option.type === "string" ? `--${name} ${option.value ?? "VALUE"}` : `--${name}`;
}
