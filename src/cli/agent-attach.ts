import { existsSync } from "node:fs";
import { resolve as absolute } from "node:path";
import { claudeCode } from "../protocol/claude-code/assumptions.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { AgentView } from "../protocol/agents-api.ts";
import type { AgentsClient } from "../client/agents.ts";
import type { Command, CommandContext } from "./command.ts";
import { writeKey } from "./config/change-config.ts";
import { openConfig } from "./config/config-access.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { typedAgent, typedTopic } from "./typed-address.ts";

export const command: Command = {
  name: "agent attach",
  summary: "Give this session a name, or this folder's sessions from now on: an address that outlives them",
  usage: "agent attach <name> [--default] [--topic <topic>]... [--folder <folder>]",
  options: {
    default: { type: "boolean", help: "it also gets what is sent to this member without naming an agent" },
    topic: {
      type: "string",
      multiple: true,
      value: "topic",
      help: "tell it of what is sent there from now on",
      complete: "topic",
    },
    folder: {
      type: "string",
      value: "folder",
      help: "bind this folder instead of the present session or folder",
      complete: "directory",
    },
  },
  words: ["agent"],
  exits: ["notRunning", "notFound", "conflict"],
  related: ["agent list", "agent rename", "agent forget"],
  examples: ["agent attach reviewer", "agent attach reviewer --default --topic builds"],
  async run(context) {
    const { client, out, positionals, options, flag, signal } = context;
    requireWords(command, positionals, 1, 1);
    const name = typedAgent(command, positionals[0] ?? "");
    const topics = options("topic").map(typedTopic);
    const { agents } = client();
    const bound = await bind(agents, name, context);
    let { agent } = bound;
    // It is so whatever becomes of the rest.
    if (!flag("json"))
      out.line(
        `${agent.address} is ${bound.isSession ? "this session" : `the agent of ${agent.project ?? "no folder"}`}`,
      );
    for (const topic of topics) agent = await agents.addTopic(agent.name, topic, { signal });
    if (flag("default")) agent = await makeDefault(context, agent.name);
    if (flag("json")) {
      out.json(agent);
      return exitCodes.ok;
    }
    if (topics.length > 0) out.line(`it is told of ${topics.map((topic) => `#${topic}`).join(", ")} from now on`);
    if (flag("default")) out.line("it gets what is sent to this member without naming an agent");
    if (agent.waiting > 0) out.note(`${agent.waiting} waiting: claudemesh inbox --unread`);
    return exitCodes.ok;
  },
};

/**
 * The session that this command is typed in, where it has reported itself; else the folder. What an agent that has a folder is to be told
 * of is said from anywhere, and moves it nowhere.
 */
async function bind(
  agents: AgentsClient,
  name: string,
  { env, option, options, flag, out, signal }: CommandContext,
): Promise<{ readonly agent: AgentView; readonly isSession: boolean }> {
  const folder = option("folder");
  const socket = env[claudeCode.socketVariable] ?? "";
  if (folder === undefined && socket !== "") {
    try {
      return { agent: await agents.put(name, { socket_path: socket }, { signal }), isSession: true };
    } catch (thrown) {
      if (ClaudemeshError.from(thrown).code !== "unknown_agent") throw thrown;
    }
  }
  if (folder === undefined && (flag("default") || options("topic").length > 0)) {
    const { items } = await agents.list({ signal });
    const known = items.find((one) => one.name === name || one.former_names.includes(name));
    if (known !== undefined && known.project !== null) return { agent: known, isSession: false };
  }
  const project = absolute(folder ?? ".");
  if (!existsSync(project)) out.note(`there is no folder ${project} yet`);
  return { agent: await agents.put(name, { project }, { signal }), isSession: false };
}

/** A setting, so that whoever reads the settings finds it; the daemon takes it at once. */
async function makeDefault(context: CommandContext, name: string): Promise<AgentView> {
  writeKey(await openConfig(context), "agents.default", name);
  const client = context.client();
  await client.reload({ signal: context.signal });
  const { items } = await client.agents.list({ signal: context.signal });
  const agent = items.find((one) => one.name === name);
  if (agent?.default === true) return agent;
  throw new ClaudemeshError("invalid_config", `the setting agents.default is written, and ${name} is not the default`, {
    hint: "claudemesh config get agents.default says what stands above the file",
  });
}
