import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { unbroken } from "./printable.ts";
import { table } from "./table.ts";

export const command: Command = {
  name: "topic list",
  summary: "List the topics of the mesh",
  usage: "topic list [--json]",
  options: {},
  exits: ["notRunning", "tryLater"],
  related: ["topic join", "topic create"],
  examples: ["topic list"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const topics = await client().topics.list({ signal });
    if (flag("json")) {
      out.json({ topics });
      return exitCodes.ok;
    }
    if (topics.length === 0) out.note("no topics yet; make one: claudemesh topic create NAME");
    const rows = topics.map((topic) => [
      `#${topic.name}`,
      String(topic.subscribers),
      topic.subscribed ? "yes" : "no",
      topic.key?.history ?? "-",
      topic.key === null ? "-" : `${unbroken(topic.key.created_at)} ${unbroken(topic.key.epoch_id).slice(0, 12)}`,
      ...(topic.unsealed ? ["unsealed messages of API keys"] : []),
    ]);
    const head = [
      "TOPIC",
      "SUBSCRIBERS",
      "JOINED",
      "HISTORY",
      "KEY",
      ...(topics.some(({ unsealed }) => unsealed) ? ["OPEN FOR"] : []),
    ];
    if (rows.length > 0) for (const line of table([head, ...rows])) out.line(line);
    return exitCodes.ok;
  },
};
