import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { rowNumber } from "./row-number.ts";

export const command: Command = {
  name: "outbox drop",
  summary: "Give a pending or dead message up",
  usage: "outbox drop <row> [--force]",
  options: {
    force: {
      type: "boolean",
      help: "also while the broker cannot be asked whether it has the message: it may then still arrive",
    },
  },
  words: ["row"],
  exits: ["notRunning", "conflict", "notFound", "tryLater"],
  related: ["outbox list", "help delivery"],
  examples: ["outbox drop 12"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const row = rowNumber(command, positionals[0] ?? "");
    const dropped = await client().outbox.drop(row, flag("force") ? { force: true } : {}, { signal });
    if (flag("json")) out.json(dropped);
    else if (dropped.status === "done")
      out.line(
        `accepted ${dropped.client_message_id}: the broker already had it, so row ${row} is done and not dropped`,
      );
    else out.line(`${dropped.status} ${dropped.client_message_id}`);
    if (dropped.outcome_unknown)
      out.note("notice: the broker has not said whether it has the message; it may still arrive");
    return exitCodes.ok;
  },
};
