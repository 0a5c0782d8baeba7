import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { exampleLine, exitRows, optionRows } from "./help/command-text.ts";
import type { Block, HelpTopic } from "./help/help-topic.ts";
import { helpTopics } from "./help/topics.ts";
import { commonOptions } from "./parse-arguments.ts";

/** docs/cli.md: every command and topic of the help as Markdown, from the same tables that the help reads. */
export async function cliReference(): Promise<string> {
  const described: Command[] = [];
  for (const load of Object.values(commands)) described.push((await load()).command);
  const topics: [string, HelpTopic][] = [];
  for (const [name, load] of Object.entries(helpTopics)) topics.push([name, (await load()).topic]);
  return `${[
    "# Command line",
    "",
    "Made by `npm run docs` from what `claudemesh help` reads; changes belong there.",
    "",
    "| command | |",
    "|---|---|",
    ...described.map(
      ({ name, summary }) => `| [${name}](#${anchor(name)}) | ${prose(summary).replaceAll("|", "\\|")} |`,
    ),
    "",
    "Every command takes these options:",
    "",
    ...terms(optionRows(commonOptions)),
    "",
    "# Commands",
    ...described.flatMap(commandSection),
    "",
    "# Topics",
    ...topics.flatMap(([name, topic]) => topicSection(name, topic)),
  ].join("\n")}\n`;
}

function commandSection(command: Command): string[] {
  const options = optionRows(command.options);
  return [
    "",
    `## ${command.name}`,
    "",
    `${prose(command.summary)}.`,
    "",
    ...fence([`claudemesh ${command.usage}`]),
    ...(options.length === 0 ? [] : ["", ...terms(options)]),
    "",
    ...fence(command.examples.map(exampleLine)),
    "",
    `Exit codes: ${exitRows(command)
      .map(([code]) => code)
      .join(", ")}. ${seeAlso(command.related)}`.trimEnd(),
  ];
}

function seeAlso(related: readonly string[] | undefined): string {
  if (related === undefined) return "";
  // `help ids` is a topic, and stands here under its own name.
  const links = related.map((name) => {
    const target = name.startsWith("help ") ? name.slice("help ".length) : name;
    return `[${target}](#${anchor(target)})`;
  });
  return `See also ${links.join(", ")}.`;
}

function topicSection(name: string, topic: HelpTopic): string[] {
  return [
    "",
    `## ${name}`,
    "",
    `${prose(topic.summary)}.`,
    ...topic.body.flatMap((block) => ["", ...blockLines(block)]),
  ];
}

function blockLines(block: Block): string[] {
  if (typeof block === "string") return [prose(block)];
  return "rows" in block ? terms(block.rows) : fence(block.lines);
}

function terms(rows: readonly (readonly [string, string])[]): string[] {
  return rows.map(([term, text]) => `- \`${term}\`: ${prose(text)}`);
}

function fence(lines: readonly string[]): string[] {
  return ["```sh", ...lines, "```"];
}

/** Angle brackets would be read as HTML; inside of code they stand as they are. */
function prose(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replaceAll("<", "&lt;").replaceAll("*", "\\*")))
    .join("");
}

function anchor(name: string): string {
  return name.replaceAll(" ", "-");
}
