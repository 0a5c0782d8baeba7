import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { messageLines } from "./message-text.ts";
import { pageOptions, readPageOptions } from "./page-options.ts";
import { requireWords } from "./parse-arguments.ts";
import { plural } from "./plural.ts";
import { unbroken } from "./printable.ts";
import { typedQueue } from "./typed-address.ts";

const defaultLimit = 20;

export const command: Command = {
  name: "queue dead",
  summary: "Show the dead letters of a queue: delivered as often as it allows, and acknowledged by nobody",
  usage: "queue dead <queue> [--limit N] [--cursor C] [--json]",
  options: pageOptions(defaultLimit),
  words: ["queue"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["queue requeue", "queue list"],
  examples: ["queue dead builds"],
  async run(context) {
    const { client, out, positionals, flag, signal } = context;
    requireWords(command, positionals, 1, 1);
    const name = typedQueue(positionals[0] ?? "");
    const page = await client().queues.dead(name, readPageOptions(command, context, defaultLimit), { signal });
    if (flag("json")) {
      out.json(page);
      return exitCodes.ok;
    }
    if (page.items.length === 0) out.note(`no dead letters in queue:${name}`);
    for (const letter of page.items) {
      const [head = "", ...text] = messageLines(letter, out.paint);
      const why = letter.reason === null ? "" : `: ${unbroken(letter.reason)}`;
      out.line(head);
      out.line(
        `  ${out.paint.dim(`dead since ${letter.died_at} after ${plural(letter.deliveries, "delivery")}${why}`)}`,
      );
      for (const line of text) out.line(line);
    }
    if (page.next_cursor !== null && page.items.length > 0)
      out.note(
        `hint: claudemesh queue requeue ${name} makes all of them ready again; more: --cursor ${page.next_cursor}`,
      );
    return exitCodes.ok;
  },
};
