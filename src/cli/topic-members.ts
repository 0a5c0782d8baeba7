import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { table } from "./table.ts";
import { typedTopic } from "./typed-address.ts";

export const command: Command = {
  name: "topic members",
  summary: "List the members who receive what is sent to a topic",
  usage: "topic members <topic> [--json]",
  options: {},
  words: ["topic"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["members", "topic list"],
  examples: ["topic members builds"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const topic = typedTopic(positionals[0] ?? "");
    const members = await client().topics.members(topic, { signal });
    if (flag("json")) {
      out.json({ topic, members });
      return exitCodes.ok;
    }
    if (members.length === 0) out.note(`nobody is subscribed to #${topic}`);
    const rows = members.map(({ address, role, online, self }) => [
      address,
      role,
      online ? "online" : "offline",
      self ? "(this daemon)" : "",
    ]);
    if (rows.length > 0) for (const line of table([["ADDRESS", "ROLE", "LINK", ""], ...rows])) out.line(line);
    return exitCodes.ok;
  },
};
