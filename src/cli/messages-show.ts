import { limits } from "../protocol/limits.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { messageStateLines } from "./message-state.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { quoted } from "./printable.ts";

/** A wire id is a caller's id behind a prefix of 17 characters. */
const idCharsMax = limits.clientMessageIdCharsMax + 17;

export const command: Command = {
  name: "messages show",
  summary: "Show how far a message sent from here has come",
  usage: "messages show <id | row> [--json]",
  options: {},
  words: ["row"],
  exits: ["notRunning", "notFound"],
  related: ["outbox inspect", "help delivery"],
  examples: ["messages show build-42", "messages show 12 --json"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const id = readId(positionals[0] ?? "");
    const daemon = client();
    const message = await daemon.message(id, { signal });
    const row = await daemon.outbox.inspect(message.outbox_id, { signal });
    if (flag("json")) out.json({ ...message, supersedes: row.supersedes, superseded_by: row.superseded_by });
    else for (const line of messageStateLines(message, row)) out.line(line);
    if (flag("json")) return exitCodes.ok;
    if (row.supersedes !== null || row.superseded_by !== null)
      out.note(`hint: claudemesh outbox inspect ${row.outbox_id} shows the whole chain`);
    else if (row.status === "dead")
      out.note(`hint: claudemesh outbox requeue ${row.outbox_id} sends it again under a new id`);
    return exitCodes.ok;
  },
};

/** An id as it was given, or the number of a row, also as `#12`. */
function readId(text: string): string {
  if (/^#[1-9]\d{0,14}$/.test(text)) return text.slice(1);
  if (/^[\x21-\x7e]+$/.test(text) && text.length <= idCharsMax) return text;
  throw usage(
    command,
    `${quoted(text)} is no id of a message`,
    "give the id that `claudemesh send` printed, or a row of claudemesh outbox list",
  );
}
