import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { unbroken } from "./printable.ts";
import { inboxNumber } from "./row-number.ts";
import { typedAgent } from "./typed-address.ts";

export const command: Command = {
  name: "agent release",
  summary: "Let one message go into sessions, whatever the policy for its sender, or a session's user, said",
  usage: "agent release <inbox_id> [--agent <agent>]",
  options: {
    agent: { type: "string", value: "agent", help: "only to this agent", complete: "agent" },
  },
  exits: ["notRunning", "notFound"],
  related: ["agent offers", "agent policy", "inbox show"],
  examples: ["agent release 12"],
  async run({ client, out, positionals, option, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const id = inboxNumber(command, positionals[0] ?? "");
    const written = option("agent");
    const choice = written === undefined ? {} : { agent: typedAgent(command, written) };
    const done = await client().agents.releaseMessage(id, choice, { signal });
    if (flag("json")) out.json(done);
    else if (done.released.length === 0) out.line(`#${id} waits for no agent`);
    else out.line(`#${id} may go to ${done.released.map(unbroken).join(", ")}`);
    return exitCodes.ok;
  },
};
