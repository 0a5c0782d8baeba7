import { ClaudemeshError } from "../protocol/error.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";

const idCharsMin = 8;

export const command: Command = {
  name: "invite revoke",
  summary: "Take an invite back; whoever joined by it stays a member",
  usage: "invite revoke <id>",
  options: {},
  words: ["invite"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["invite list"],
  examples: ["invite revoke 3f9a0c51d2e4"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const written = (positionals[0] ?? "").toLowerCase();
    if (!/^[0-9a-f]+$/.test(written) || written.length < idCharsMin)
      throw usage(command, "an invite's id has hexadecimal digits, at least eight of them", "claudemesh invite list");
    const { invites } = client();
    const meant = (await invites.list({ signal })).filter(({ invite_id }) => invite_id.startsWith(written));
    const [one, another] = meant;
    if (one === undefined || another !== undefined) {
      const problem = one === undefined ? "no invite of this mesh has this id" : "several invites begin so";
      throw new ClaudemeshError("not_found", problem, { hint: "claudemesh invite list" });
    }
    const revoked = await invites.revoke(one.invite_id, { signal });
    if (flag("json")) out.json(revoked);
    else out.line(`${revoked.state} ${revoked.invite_id}`);
    return exitCodes.ok;
  },
};
