import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedAgent } from "./typed-address.ts";

export const command: Command = {
  name: "agent rename",
  summary: "Give an agent another name; what is sent to the old one goes on arriving",
  usage: "agent rename <agent> <name>",
  options: {},
  words: ["agent"],
  exits: ["notRunning", "notFound", "conflict"],
  related: ["agent list", "agent attach"],
  examples: ["agent rename my-project reviewer"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 2, 2);
    const from = typedAgent(command, positionals[0] ?? "");
    const agent = await client().agents.rename(from, typedAgent(command, positionals[1] ?? ""), { signal });
    if (flag("json")) out.json(agent);
    else out.line(`${agent.address} is its address; what is sent to ${from} arrives there too`);
    return exitCodes.ok;
  },
};
