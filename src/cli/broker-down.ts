import { ClaudemeshError } from "../protocol/error.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";

export const command: Command = {
  name: "broker down",
  summary: "Stop the embedded broker of this home; daemons keep what is sent until it is back",
  usage: "broker down",
  options: {},
  examples: ["broker down"],
  exits: ["notRunning"],
  related: ["down", "broker restart"],
  async run({ launcher, out, positionals, home, flag }) {
    requireWords(command, positionals, 0, 0);
    const { broker } = await (await launcher()).down(home, { daemons: false, broker: true, mesh: null });
    if (broker === null)
      throw new ClaudemeshError("not_running", `${home} has no broker of its own`, { hint: "claudemesh status" });
    if (flag("json")) out.json({ broker });
    else out.line(`broker ${broker.stopped ? "stopped" : "was not running"}`);
    return exitCodes.ok;
  },
};
