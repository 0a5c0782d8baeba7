import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { messageFacts } from "./message-text.ts";
import { requireWords } from "./parse-arguments.ts";
import { inboxNumber } from "./row-number.ts";

export const command: Command = {
  name: "inbox show",
  summary: "Show one message received in full",
  usage: "inbox show <inbox_id> [--mark-read] [--json]",
  options: {
    "mark-read": { type: "boolean", help: "mark it as read; its sender is told" },
  },
  exits: ["notRunning", "notFound"],
  related: ["reply", "inbox"],
  examples: ["inbox show 12", "inbox show 12 --mark-read"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const id = inboxNumber(command, positionals[0] ?? "");
    const { inbox } = client();
    const item = await (flag("mark-read") ? inbox.markRead(id, { signal }) : inbox.item(id, { signal }));
    if (flag("json")) out.json(item);
    else for (const line of messageFacts(item, out.paint)) out.line(line);
    return exitCodes.ok;
  },
};
