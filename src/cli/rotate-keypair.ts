import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { plural } from "./plural.ts";

export const command: Command = {
  name: "rotate-keypair",
  summary: "Change this member's keys; the address, and what was sealed to the former ones, stay",
  usage: "rotate-keypair",
  options: {},
  exits: ["notRunning", "conflict", "tryLater"],
  related: ["archive-cleanup", "members", "topic rotate"],
  examples: ["rotate-keypair", "rotate-keypair --mesh work"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const rotated = await client().keypair.rotate({ signal });
    if (flag("json")) {
      out.json(rotated);
      return exitCodes.ok;
    }
    const { key_id, archive } = rotated.keypair;
    out.line(`new keys  ${key_id.slice(0, 16)}`);
    const [former] = archive.keys;
    if (former !== undefined)
      out.line(`former    ${former.key_id.slice(0, 16)}, opens what is sealed to it until ${former.expires_at}`);
    if (archive.keys.length > 1)
      out.note(`${plural(archive.keys.length, "former key")} of at most ${archive.max_archived_keys} are kept`);
    out.note("who has compared keys with this member does so again: claudemesh verify @NAME");
    return exitCodes.ok;
  },
};
