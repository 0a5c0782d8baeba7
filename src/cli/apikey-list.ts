import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { table } from "./table.ts";

export const command: Command = {
  name: "apikey list",
  summary: "List the API keys of a mesh that this home's broker serves, newest first",
  usage: "apikey list [--json]",
  options: {},
  exits: ["notRunning"],
  related: ["apikey create", "apikey revoke"],
  examples: ["apikey list"],
  async run({ launcher, home, mesh, out, positionals, flag }) {
    requireWords(command, positionals, 0, 0);
    const { operator } = await launcher();
    const keys = await operator.apiKeys(home, mesh);
    if (flag("json")) {
      out.json({ api_keys: keys });
      return exitCodes.ok;
    }
    if (keys.length === 0) out.note("no API keys; make one: claudemesh apikey create NAME");
    const rows = keys.map((key) => [
      key.key_id,
      key.name,
      key.state,
      `@${key.member}`,
      key.scopes.join(","),
      key.destinations === null ? "anywhere" : key.destinations.join(","),
      key.last_used_at ?? "never",
      key.expires_at,
    ]);
    const head = ["ID", "NAME", "STATE", "MEMBER", "MAY", "WHERE", "USED", "EXPIRES"];
    if (rows.length > 0) for (const line of table([head, ...rows])) out.line(line);
    return exitCodes.ok;
  },
};
