import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { plural } from "./plural.ts";
import { typedAgent } from "./typed-address.ts";

export const command: Command = {
  name: "agent forget",
  summary: "Forget an agent; its messages stay in the inbox",
  usage: "agent forget <agent>",
  options: {},
  words: ["agent"],
  exits: ["notRunning", "notFound"],
  related: ["agent list", "inbox"],
  examples: ["agent forget old-project"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const { name, waiting } = await client().agents.forget(typedAgent(command, positionals[0] ?? ""), { signal });
    if (flag("json")) {
      out.json({ name, waiting });
      return exitCodes.ok;
    }
    out.line(`forgot agent ${name}`);
    if (waiting > 0) out.note(`${plural(waiting, "unread message")} to it: claudemesh inbox --unread`);
    return exitCodes.ok;
  },
};
