import type { AgentList, AgentView } from "../protocol/agents-api.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { plural } from "./plural.ts";
import { table } from "./table.ts";

export const command: Command = {
  name: "agent list",
  aliases: ["agents"],
  summary: "List the agents behind this member: who is there, since when, and what waits for them",
  usage: "agent list [--json]",
  options: {},
  exits: ["notRunning"],
  related: ["agent attach", "members", "inbox"],
  examples: ["agent list"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const list = await client().agents.list({ signal });
    if (flag("json")) {
      out.json(list);
      return exitCodes.ok;
    }
    if (list.items.length === 0) out.note("no agents yet: claudemesh agent attach NAME makes one");
    else
      for (const line of table([
        ["ADDRESS", "STATE", "KIND", "WAITING", "LAST SEEN", "PROJECT", ""],
        ...list.items.map(cells),
      ]))
        out.line(line);
    for (const note of notes(list)) out.note(note);
    return exitCodes.ok;
  },
};

function cells(agent: AgentView): string[] {
  const said = [
    ...(agent.default ? ["default"] : []),
    ...(agent.sessions.length > 1 ? [plural(agent.sessions.length, "session")] : []),
    ...agent.topics.map((topic) => `#${topic}`),
    ...(agent.former_names.length === 0 ? [] : [`was ${agent.former_names.join(", ")}`]),
  ];
  return [
    agent.address,
    agent.state,
    agent.kind ?? "none yet",
    String(agent.waiting),
    agent.last_seen_at ?? "never",
    agent.project ?? "none",
    said.length === 0 ? "" : `(${said.join("; ")})`,
  ];
}

function notes({ undecided, unclaimed, items }: AgentList): string[] {
  return [
    ...(undecided === 0 || items.length === 0
      ? []
      : [
          `${plural(undecided, "unread message")} to this member name no agent, and none of several is the default: claudemesh agent attach NAME --default`,
        ]),
    ...unclaimed.map(
      ({ agent, waiting }) =>
        `${plural(waiting, "unread message")} to agent ${agent}, which is not there: claudemesh agent attach ${agent} makes it, claudemesh inbox shows them`,
    ),
  ];
}
