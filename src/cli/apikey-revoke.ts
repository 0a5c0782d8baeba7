import { ClaudemeshError } from "../protocol/error.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { unbroken } from "./printable.ts";

export const command: Command = {
  name: "apikey revoke",
  summary: "Take an API key back; from then on it opens nothing",
  usage: "apikey revoke <id | name>",
  options: {},
  exits: ["notRunning", "notFound"],
  related: ["apikey list"],
  examples: ["apikey revoke grafana"],
  async run({ launcher, home, mesh, out, positionals, flag }) {
    requireWords(command, positionals, 1, 1);
    const [written = ""] = positionals;
    const { operator } = await launcher();
    const keys = await operator.apiKeys(home, mesh);
    const named = keys.filter(({ name, state }) => name === written && state === "open");
    const [one, another] = keys.filter(({ key_id }) => key_id === written.toLowerCase()).concat(named);
    if (one === undefined || another !== undefined) {
      const problem = one === undefined ? "no API key of this mesh is called so" : "several API keys are called so";
      throw new ClaudemeshError("not_found", problem, { hint: "claudemesh apikey list" });
    }
    const revoked = await operator.revokeApiKey(home, mesh, one.key_id);
    if (flag("json")) out.json(revoked);
    else out.line(`${revoked.state} ${revoked.key_id}  ${unbroken(revoked.name)}`);
    return exitCodes.ok;
  },
};
