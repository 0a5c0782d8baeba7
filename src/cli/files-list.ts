import { bytesText } from "./bytes-text.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { inboxNumber } from "./row-number.ts";
import { table } from "./table.ts";

export const command: Command = {
  name: "files list",
  summary: "List the files that a message brought",
  usage: "files list <inbox_id> [--json]",
  options: {},
  exits: ["notRunning", "notFound"],
  related: ["files get", "inbox show", "send"],
  examples: ["files list 12"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const { attachments } = await client().inbox.item(inboxNumber(command, positionals[0] ?? ""), { signal });
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
