import { parseArgs } from "node:util";
import { ClaudemeshError } from "../protocol/error.ts";
import type { Command, Option } from "./command.ts";
import { commandNames } from "./commands.ts";
import { quoted } from "./printable.ts";
import { suggest } from "../protocol/suggest.ts";

export interface Arguments {
  readonly positionals: readonly string[];
  /** Values in the order written; of a flag "true", or "false" after `--no-`. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly help: boolean;
}

/** Options that every command takes. */
export const commonOptions: Readonly<Record<string, Option>> = {
  json: { type: "boolean", help: "the answer as JSON on standard output" },
  mesh: {
    type: "string",
    value: "SLUG",
    help: "the mesh, when this home has joined several (CLAUDEMESH_MESH)",
    complete: "mesh",
  },
  help: { type: "boolean", help: "this text" },
};

/** Reads the words after the command's name. Throws `usage` naming the word that is wrong and the nearest right one. */
export function parseArguments(command: Command, words: readonly string[]): Arguments {
  const known: Readonly<Record<string, Option>> = { ...command.options, ...commonOptions };
  // Read leniently: the errors are made here, because they can name the command and the option that was meant.
  const { tokens } = parseArgs({
    args: [...words],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      h: { type: "boolean" },
      ...Object.fromEntries(Object.entries(known).map(([name, { type }]) => [name, { type }])),
    },
  });
  const positionals: string[] = [];
  const values = new Map<string, string[]>();
  let help = false;
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    if (token.name === "help" || token.name === "h") {
      help = true;
      continue;
    }
    const negated = token.name.startsWith("no-") && known[token.name.slice(3)]?.type === "boolean";
    const name = negated ? token.name.slice(3) : token.name;
    const option = Object.hasOwn(known, name) ? known[name] : undefined;
    if (option === undefined) throw unknownOption(command, token.rawName, name, Object.keys(known));
    const value = readValue(command, token.rawName, option, token.value, negated);
    const before = values.get(name) ?? [];
    if (before.length > 0 && option.multiple !== true) throw usage(command, `${token.rawName} is given twice`);
    values.set(name, [...before, value]);
  }
  return { positionals, values, help };
}

function readValue(
  command: Command,
  rawName: string,
  option: Option,
  value: string | undefined,
  negated: boolean,
): string {
  if (option.type === "boolean") {
    if (value !== undefined) throw usage(command, `${rawName} takes no value`);
    return String(!negated);
  }
  if (value === undefined) throw usage(command, `${rawName} needs a value: ${rawName} ${option.value ?? "VALUE"}`);
  return value;
}

function unknownOption(command: Command, rawName: string, name: string, known: readonly string[]): ClaudemeshError {
  const [meant = null] = suggest(name, known);
  return usage(
    command,
    `\`claudemesh ${command.name}\` has no option ${rawName.length > 60 ? quoted(rawName) : rawName}`,
    meant === null
      ? `claudemesh help ${command.name} shows the options; after -- every word is taken as it is`
      : `did you mean --${meant}?`,
  );
}

/** A wrong command line, with the right form as its hint. */
export function usage(
  command: Pick<Command, "name" | "usage">,
  message: string,
  hint = `usage: claudemesh ${command.usage}`,
): ClaudemeshError {
  return new ClaudemeshError("usage", message, { hint });
}

/** Refuses words beyond the first `max`, and fewer than `min`. */
export function requireWords(
  command: Pick<Command, "name" | "usage">,
  words: readonly string[],
  min: number,
  max: number,
): void {
  if (words.length < min)
    throw usage(command, `\`claudemesh ${command.name}\` needs ${min === 1 ? "one more word" : `${min} words`}`);
  const extra = words[max];
  if (extra === undefined) return;
  const [meant = null] = suggest(`${command.name} ${extra}`, commandNames(`${command.name} `));
  throw usage(
    command,
    `\`claudemesh ${command.name}\` does not take ${quoted(extra)}`,
    meant === null ? undefined : `did you mean \`claudemesh ${meant}\`?`,
  );
}
