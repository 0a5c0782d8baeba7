import type { Command, Completion, Option } from "../command.ts";
import { commands, findCommand } from "../commands.ts";
import { helpTopics } from "../help/topics.ts";
import { commonOptions } from "../parse-arguments.ts";

/** One thing that may stand at the cursor. */
export interface Offer {
  readonly value: string;
  readonly help: string;
}

/** Names that are not in the command table: asked of the daemon and the disk. */
export type NamedKind = Exclude<Completion, readonly string[] | "file" | "directory" | "help">;

export interface Place {
  /** What was typed before the word at the cursor, without the program's name and without quotes. */
  readonly words: readonly string[];
  /** The word at the cursor, up to it. */
  readonly current: string;
  names(kind: NamedKind, words: readonly string[], current: string): Promise<readonly Offer[]>;
}

/** What may stand at the place, unfit ones left out; `"file"` and `"directory"` are for the shell to complete. */
export async function offersAt(place: Place): Promise<readonly Offer[] | "file" | "directory"> {
  const { words, current } = place;
  if (words.length === 0) return fitting(current, current.startsWith("-") ? rootOptions : await firstWords(commands));
  const subcommands = words.length === 1 ? await secondWords(words[0] ?? "") : [];
  const found = await findCommand(words);
  if (found === null) return fitting(current, subcommands);
  const { command } = found;
  const rest = words.slice(found.words);
  const offers = await offersOf(command, rest, place);
  if (typeof offers === "string") return subcommands.length > 0 ? fitting(current, subcommands) : offers;
  return [...fitting(current, subcommands), ...offers];
}

const rootOptions: readonly Offer[] = [
  { value: "--help", help: "Show the commands" },
  { value: "--version", help: "Show the versions" },
];

function fitting(current: string, offers: readonly Offer[]): readonly Offer[] {
  return offers.filter(({ value }) => value.startsWith(current));
}

async function offersOf(
  command: Command,
  rest: readonly string[],
  place: Place,
): Promise<readonly Offer[] | "file" | "directory"> {
  const { current } = place;
  const options: Readonly<Record<string, Option>> = { ...command.options, ...commonOptions };
  const read = readWords(rest, options);
  if (read.awaits !== null) return complete(read.awaits.complete, current, place, rest);
  if (!read.onlyWords && current.startsWith("-")) {
    const assigned = /^--([a-z-]+)=(.*)$/s.exec(current);
    const option = assigned === null ? undefined : options[assigned[1] ?? ""];
    if (assigned === null) return fitting(current, optionNames(options, read.given));
    const values = await complete(option?.complete, assigned[2] ?? "", place, rest);
    // The shells complete file names only as words of their own.
    if (typeof values === "string") return [];
    return values.map(({ value, help }) => ({ value: `--${assigned[1]}=${value}`, help }));
  }
  return complete(command.words?.[read.positionals], current, place, rest);
}

/** The words before the cursor: which options are given, how many others there are, and whether an option awaits its value. */
function readWords(
  rest: readonly string[],
  options: Readonly<Record<string, Option>>,
): {
  readonly given: ReadonlySet<string>;
  readonly positionals: number;
  readonly awaits: Option | null;
  readonly onlyWords: boolean;
} {
  const given = new Set<string>();
  let positionals = 0;
  let awaits: Option | null = null;
  let onlyWords = false;
  for (const word of rest) {
    if (awaits !== null) awaits = null;
    else if (onlyWords || !word.startsWith("-") || word === "-") positionals += 1;
    else if (word === "--") onlyWords = true;
    else {
      const name = word.slice(2).split("=")[0] ?? "";
      given.add(name);
      const option = Object.hasOwn(options, name) ? options[name] : undefined;
      if (option?.type === "string" && !word.includes("=")) awaits = option;
    }
  }
  return { given, positionals, awaits, onlyWords };
}

function optionNames(options: Readonly<Record<string, Option>>, given: ReadonlySet<string>): Offer[] {
  return Object.entries(options)
    .filter(([name, option]) => option.multiple === true || !given.has(name))
    .map(([name, { help }]) => ({ value: `--${name}`, help }));
}

async function complete(
  by: Completion | undefined,
  current: string,
  place: Place,
  rest: readonly string[],
): Promise<readonly Offer[] | "file" | "directory"> {
  if (by === undefined) return [];
  if (by === "file" || by === "directory") return by;
  if (by === "help") return fitting(current, await helpWords(rest));
  if (typeof by === "string") return fitting(current, await place.names(by, place.words, current));
  return fitting(
    current,
    by.map((value) => ({ value, help: "" })),
  );
}

async function helpWords(rest: readonly string[]): Promise<Offer[]> {
  const [first] = rest;
  if (first !== undefined) return rest.length === 1 ? secondWords(first) : [];
  const topics = Object.entries(helpTopics).map(async ([value, load]) => ({
    value,
    help: (await load()).topic.summary,
  }));
  return [...(await firstWords(commands)), ...(await Promise.all(topics))];
}

/** Commands by their first word; a group of them, as `topic`, is offered once and names what is in it. */
async function firstWords(table: typeof commands): Promise<Offer[]> {
  const groups = new Map<string, string[]>();
  for (const name of Object.keys(table)) {
    const [first = "", second] = name.split(" ");
    groups.set(first, [...(groups.get(first) ?? []), ...(second === undefined ? [] : [second])]);
  }
  return Promise.all(
    [...groups].map(async ([value, seconds]) => {
      const load = Object.hasOwn(table, value) ? table[value] : undefined;
      return { value, help: load === undefined ? seconds.join(", ") : (await load()).command.summary };
    }),
  );
}

async function secondWords(first: string): Promise<Offer[]> {
  const group = Object.entries(commands).filter(([name]) => name.startsWith(`${first} `));
  return Promise.all(
    group.map(async ([name, load]) => ({
      value: name.slice(first.length + 1),
      help: (await load()).command.summary,
    })),
  );
}
