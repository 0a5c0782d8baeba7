import { limits } from "../protocol/limits.ts";
import type { Command } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { unbroken } from "./printable.ts";
import { typedMember } from "./typed-address.ts";

export const command: Command = {
  name: "member kick",
  summary: "Send a member away for a time; its membership, its messages and its keys stay as they are",
  usage: "member kick <member> [--for 10m]",
  options: {
    for: { type: "string", value: "10m", help: "how long, at most 30d; 0 lets it come back" },
  },
  words: ["member"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["members", "member revoke", "daemon up"],
  examples: ["member kick @laptop --for 1h", "member kick @laptop --for 0"],
  async run({ client, out, positionals, option, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const member = typedMember(command, positionals[0] ?? "");
    const kicked = await client().membership.kick(member, secondsOf(option("for")), { signal });
    if (flag("json")) out.json(kicked);
    else if (kicked.until === null)
      out.line(
        `${kicked.address} may come back: its daemon dials when the time that it was told is over, or at once by claudemesh daemon up --dial`,
      );
    else out.line(`${kicked.address} is sent away until ${unbroken(kicked.until)}`);
    return exitCodes.ok;
  },
};

function secondsOf(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  return /^0+(ms|s|m|h|d)?$/.test(written) ? 0 : Math.ceil(parseDuration(written, "--for", limits.kickMsMax) / 1_000);
}
