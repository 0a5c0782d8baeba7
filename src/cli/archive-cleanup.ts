import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { plural } from "./plural.ts";

export const command: Command = {
  name: "archive-cleanup",
  summary: "Forget former keys whose grace is over; the daemon does so by itself every hour",
  usage: "archive-cleanup",
  options: {},
  exits: ["notRunning", "tryLater"],
  related: ["rotate-keypair", "config list"],
  examples: ["archive-cleanup"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const cleaned = await client().keypair.cleanUpArchive({ signal });
    if (flag("json")) {
      out.json(cleaned);
      return exitCodes.ok;
    }
    for (const keyId of cleaned.dropped) out.line(`forgotten  ${keyId.slice(0, 16)}`);
    const { keys } = cleaned.keypair.archive;
    for (const { key_id, expires_at } of keys) out.line(`kept       ${key_id.slice(0, 16)}, until ${expires_at}`);
    if (cleaned.dropped.length === 0) out.note(`nothing to forget; ${plural(keys.length, "former key")} kept`);
    return exitCodes.ok;
  },
};
