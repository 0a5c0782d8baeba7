import { ClaudemeshError } from "../protocol/error.ts";
import type { Command, Option } from "./command.ts";
import { commands } from "./commands.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Output } from "./output.ts";
import { commonOptions } from "./parse-arguments.ts";
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
      await list(out, Object.keys(commands));
      out.line("");
      out.line("Start with `claudemesh up`. `claudemesh help <command>` shows one in full.");
      out.line(
        "Exit codes: 0 done, 1 error, 2 usage, 3 not running, 4 conflict, 5 wait timed out, 6 will not be sent, 7 not found, 8 try later.",
      );
      return exitCodes.ok;
    }
    const load = Object.hasOwn(commands, wanted) ? commands[wanted] : undefined;
    if (load !== undefined) {
      describe(out, (await load()).command);
      return exitCodes.ok;
    }
    const group = Object.keys(commands).filter((name) => name.startsWith(`${wanted} `));
    if (group.length === 0) {
      const [meant = null] = suggest(wanted, Object.keys(commands));
      throw new ClaudemeshError("usage", `there is no command \`${wanted}\``, {
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
