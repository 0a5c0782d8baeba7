import { ClaudemeshError } from "../protocol/error.ts";
import { suggest } from "../protocol/suggest.ts";
import type { Command } from "./command.ts";
import { commandNames, commands, findCommand } from "./commands.ts";
import { exitCodes } from "./exit-codes.ts";
import { commandText } from "./help/command-text.ts";
import { topicText } from "./help/help-topic.ts";
import { helpTopics } from "./help/topics.ts";
import type { Output } from "./output.ts";
import { quoted } from "./printable.ts";
import { definitions } from "./wrap.ts";

export const command: Command = {
  name: "help",
  summary: "Show the commands, one command in full, or a topic",
  usage: "help [command | topic]",
  options: {},
  words: ["help", "help"],
  examples: ["help", "help send", "help exit-codes"],
  async run({ positionals, out, flag }) {
    const wanted = positionals.join(" ").replace(/^claudemesh /, "");
    if (wanted === "") {
      if (flag("json")) out.json(await contents());
      else await overview(out);
      return exitCodes.ok;
    }
    const lines = await page(wanted, out.width);
    if (flag("json")) out.json({ topic: wanted, text: lines.join("\n") });
    else for (const line of lines) out.line(line);
    return exitCodes.ok;
  },
};

async function overview(out: Output): Promise<void> {
  const { commands: known, topics } = await contents();
  const lines = [
    "claudemesh: durable messages between agents, hosts and scripts",
    "",
    ...definitions(
      known.map(({ name, summary }) => [name, summary] as const),
      out.width,
    ),
    "",
    "topics",
    ...definitions(
      topics.map(({ name, summary }) => [name, summary] as const),
      out.width,
    ),
    "",
    "Start with `claudemesh up`. `claudemesh help NAME` shows a command or a topic in full.",
  ];
  for (const line of lines) out.line(line);
}

/** Every command and topic with its one line. */
async function contents(): Promise<{
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly topics: readonly { readonly name: string; readonly summary: string }[];
}> {
  return {
    commands: await Promise.all(
      Object.entries(commands).map(async ([name, load]) => ({ name, summary: (await load()).command.summary })),
    ),
    topics: await Promise.all(
      Object.entries(helpTopics).map(async ([name, load]) => ({ name, summary: (await load()).topic.summary })),
    ),
  };
}

/** A command, a group of commands, or a topic. Throws `usage` with what was probably meant. */
async function page(wanted: string, width: number): Promise<string[]> {
  const found = await findCommand(wanted.split(" "));
  if (found?.words === wanted.split(" ").length) return commandText(found.command, width);
  const topic = Object.hasOwn(helpTopics, wanted) ? helpTopics[wanted] : undefined;
  if (topic !== undefined) return topicText((await topic()).topic, width);
  const known = (await contents()).commands;
  const group = known.filter(({ name }) => name.startsWith(`${wanted} `));
  if (group.length > 0)
    return definitions(
      group.map(({ name, summary }) => [name, summary] as const),
      width,
    );
  const [meant = null] = suggest(wanted, [...commandNames(), ...Object.keys(helpTopics)]);
  throw new ClaudemeshError("usage", `there is no command and no topic ${quoted(wanted)}`, {
    hint: meant === null ? "claudemesh help" : `claudemesh help ${meant}`,
  });
}
