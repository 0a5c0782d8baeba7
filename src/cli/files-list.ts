import { bytesText } from "./bytes-text.ts";
import type { Command } from "./command.ts";
import { messageOptions, typedMessage } from "./bringing-message.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { table } from "./table.ts";

export const command: Command = {
  name: "files list",
  summary: "List the files that a message brought",
  usage: "files list <inbox_id | history_id | lease_id> [--history ADDRESS | --queue QUEUE]",
  options: messageOptions,
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["files get", "inbox show", "send"],
  examples: ["files list 12", "files list 57 --history '#builds'"],
  async run(context) {
    const { client, out, positionals, flag, signal } = context;
    requireWords(command, positionals, 1, 1);
    const { message } = typedMessage(command, context, positionals[0] ?? "");
    const attachments = await client().files.list(message, { signal });
    if (flag("json")) {
      out.json({ files: attachments });
      return exitCodes.ok;
    }
    if (attachments.length === 0) out.note("this message brought no files");
    const rows = attachments.map(({ name, bytes, content_type }) => [name, bytesText(bytes), content_type]);
    if (rows.length > 0) for (const line of table([["NAME", "SIZE", "TYPE"], ...rows])) out.line(line);
    return exitCodes.ok;
  },
};
