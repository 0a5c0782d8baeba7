import { limits } from "../protocol/limits.ts";
import type { SenderPolicy, SenderPolicyView } from "../protocol/offers-api.ts";
import type { Command, CommandContext, Option } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { unbroken } from "./printable.ts";
import { typedAgent, typedMember } from "./typed-address.ts";

/** `--agent` of the commands that say what a sender's messages may do. */
export const agentOption: Readonly<Record<"agent", Option>> = {
  agent: { type: "string", value: "agent", help: "for this agent alone; by default for all", complete: "agent" },
};

/** A command that sets one policy for a sender, as `mute` and `block` do. */
export function policyCommand(
  name: string,
  policy: SenderPolicy,
  about: Pick<Command, "summary" | "related" | "examples">,
): Command {
  const command: Command = {
    name,
    usage: `${name} <sender> [--agent <agent>] [--for 2h]`,
    options: {
      ...agentOption,
      for: { type: "string", value: "2h", help: "how long; by default for good" },
    },
    words: ["member"],
    exits: ["notRunning", "notFound"],
    ...about,
    async run(context) {
      const { positionals } = context;
      requireWords(command, positionals, 1, 1);
      return setPolicy(context, command, typedMember(command, positionals[0] ?? ""), policy);
    },
  };
  return command;
}

/** A command that takes the line on a sender back. */
export function unsetCommand(name: string, about: Pick<Command, "summary" | "related" | "examples">): Command {
  const command: Command = {
    name,
    usage: `${name} <sender> [--agent <agent>]`,
    options: agentOption,
    words: ["member"],
    exits: ["notRunning", "notFound"],
    ...about,
    async run({ client, out, positionals, option, flag, signal }) {
      requireWords(command, positionals, 1, 1);
      const sender = typedMember(command, positionals[0] ?? "");
      const agent = agentOf(command, option("agent"));
      const lines = await client().agents.dropPolicy(sender, agent, { signal });
      if (flag("json")) out.json(lines);
      else out.line(`the settings hold for ${unbroken(sender)} again${forAgent(agent.agent ?? null)}`);
      return exitCodes.ok;
    },
  };
  return command;
}

export async function setPolicy(
  { client, out, option, flag, signal }: CommandContext,
  command: Command,
  sender: string,
  policy: SenderPolicy,
): Promise<number> {
  const duration = option("for");
  const choice = {
    ...agentOf(command, option("agent")),
    ...(duration === undefined
      ? {}
      : { for_s: Math.ceil(parseDuration(duration, "--for", limits.senderPolicyMsMax) / 1_000) }),
  };
  const line = await client().agents.setPolicy(sender, policy, choice, { signal });
  if (flag("json")) out.json(line);
  else out.line(policyText(line));
  return exitCodes.ok;
}

const meanings: Readonly<Record<SenderPolicy, string>> = {
  auto: "messages go into sessions by themselves",
  ask: "only a notice of a message goes into a session",
  mute: "messages come only when an agent asks for its mail",
  hold: "messages wait until they are released",
  block: "no agent sees messages; claudemesh inbox does",
};

export function policyText({ sender, agent, policy, until }: SenderPolicyView): string {
  const name = sender.name === null ? sender.member_id : `@${sender.name}`;
  return `${unbroken(name)}: ${policy}${forAgent(agent)}${until === null ? "" : ` until ${unbroken(until)}`}: ${meanings[policy]}`;
}

function forAgent(agent: string | null): string {
  return agent === null ? "" : ` for ${unbroken(agent)}`;
}

function agentOf(command: Command, written: string | undefined): { readonly agent?: string } {
  return written === undefined ? {} : { agent: typedAgent(command, written) };
}
