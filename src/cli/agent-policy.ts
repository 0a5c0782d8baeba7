import { type SenderPolicy, senderPolicies } from "../protocol/offers-api.ts";
import { choice } from "./choice.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { agentOption, policyText, setPolicy } from "./policy-command.ts";
import { typedMember } from "./typed-address.ts";

export const command: Command = {
  name: "agent policy",
  summary: "Say what a sender's messages may do to live sessions; without words, list what was said",
  usage: "agent policy [<sender> <auto|ask|mute|hold|block>] [--agent <agent>] [--for 2h]",
  options: {
    ...agentOption,
    for: { type: "string", value: "2h", help: "how long; by default for good" },
  },
  exits: ["notRunning", "notFound"],
  related: ["agent mute", "agent block", "agent release", "config list"],
  examples: ["agent policy", "agent policy @bob ask", "agent policy @bob hold --agent reviewer"],
  async run(context) {
    const { positionals, client, out, flag, signal } = context;
    requireWords(command, positionals, 0, 2);
    const [sender, word] = positionals;
    if (sender !== undefined) {
      const policy: SenderPolicy | null = choice(command, "the policy", word, senderPolicies);
      if (policy === null) throw usage(command, "the policy is missing", `it is one of ${senderPolicies.join(", ")}`);
      return setPolicy(context, command, typedMember(command, sender), policy);
    }
    for (const option of ["agent", "for"])
      if (context.option(option) !== undefined) throw usage(command, `--${option} goes with a sender and its policy`);
    const lines = await client().agents.policies({ signal });
    if (flag("json")) {
      out.json(lines);
      return exitCodes.ok;
    }
    for (const line of lines.items) out.line(policyText(line));
    const unsigned =
      lines.unverified === lines.default ? "" : `; what nobody has signed: ${lines.unverified} or stricter`;
    out.line(`every other sender: ${lines.default}${unsigned}`);
    return exitCodes.ok;
  },
};
