import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";

export const command: Command = {
  name: "rotate-token",
  summary: "Make a new token for the local API on 127.0.0.1; the one before it holds for another minute",
  usage: "rotate-token [--mesh SLUG] [--json]",
  options: {},
  examples: ["rotate-token"],
  exits: ["notRunning"],
  related: ["status", "up"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const rotated = await client().rotateToken({ signal });
    if (flag("json")) {
      out.json(rotated);
      return exitCodes.ok;
    }
    const { previous_valid_until: until } = rotated;
    out.line(
      until === null
        ? "the daemon has a new token; it does not listen on TCP, so nothing asks for one now"
        : `the daemon has a new token; the one before it holds until ${until}`,
    );
    return exitCodes.ok;
  },
};
