import * as z from "zod";
import { printable } from "../../base/printable.ts";
import type { QueueView, TopicView } from "../../protocol/local-api.ts";
import type { MemberView } from "../../protocol/membership-api.ts";
import { mcpLimits } from "../mcp-limits.ts";
import { tool } from "../tool.ts";

const output = z.object({
  you: z.string().describe("Your own address: what others answer to."),
  mesh: z.string(),
  link: z.string().describe("Of this host to the broker: unless connected, the rest is as last told."),
  members: z.array(
    z.object({
      address: z.string(),
      online: z.boolean(),
      agents: z.array(z.object({ address: z.string(), online: z.boolean() })),
    }),
  ),
  topics: z.array(z.object({ address: z.string(), subscribed: z.boolean() })),
  queues: z.array(z.object({ address: z.string(), ready: z.number() })),
  not_shown: z.number().describe("How many more there are; pass find."),
});
type Peers = z.output<typeof output>;

export const peers = tool({
  name: "peers",
  title: "Show whom one can write to",
  description:
    "List members with their agents, topics and queues of the mesh, each with the address that send takes, and who is online. Whoever is offline gets what is sent later.",
  input: z.strictObject({ find: z.string().max(64).optional().describe("Only addresses in which this stands.") }),
  output,
  readsOnly: true,
  repeats: "harmless",
  async run({ find = "" }, call) {
    const [health, members] = await Promise.all([
      call.ask((client, options) => client.health(options)),
      call.ask((client, options) => client.members(options)),
    ]);
    const [topics, queues] = await Promise.all([
      lookUp(call.ask((client, options) => client.topics.list(options))),
      lookUp(call.ask((client, options) => client.queues.list(options))),
    ]);
    const named = await call.session.named(call.signal);
    const own = { you: named?.address ?? health.member.address, mesh: health.mesh, link: health.link.state };
    const structured = shown(
      { members: members.map(memberOf), topics: topics.map(topicOf), queues: queues.map(queueOf) },
      find,
    );
    return { text: textOf({ ...own, ...structured }), structured: { ...own, ...structured } };
  },
});

/** Topics and queues are asked of the broker: while it is away the members are still worth telling. */
async function lookUp<T>(asked: Promise<readonly T[]>): Promise<readonly T[]> {
  return asked.catch(() => []);
}

function memberOf(member: MemberView): Peers["members"][number] {
  const { agents_online: online = [] } = member as { readonly agents_online?: readonly string[] };
  const agents = member.agents.map((name) => ({ address: `${member.address}/${name}`, online: online.includes(name) }));
  return { address: member.address, online: member.online, agents };
}

function topicOf({ name, subscribed }: TopicView): Peers["topics"][number] {
  return { address: `#${name}`, subscribed };
}

function queueOf({ address, messages }: QueueView): Peers["queues"][number] {
  return { address, ready: messages.ready };
}

type Listed = Pick<Peers, "members" | "topics" | "queues">;

/** Those who are there first; of all kinds together no more than a context window takes. */
function shown({ members, topics, queues }: Listed, find: string): Listed & Pick<Peers, "not_shown"> {
  const wanted = find.toLowerCase();
  const fits = (address: string): boolean => address.includes(wanted);
  const found = {
    members: members
      .filter(({ address, agents }) => fits(address) || agents.some((agent) => fits(agent.address)))
      .sort((one, other) => Number(other.online) - Number(one.online)),
    topics: topics.filter(({ address }) => fits(address)),
    queues: queues.filter(({ address }) => fits(address)),
  };
  const max = mcpLimits.peersShownMax;
  const some = {
    members: found.members.slice(0, max).map((member) => ({ ...member, agents: member.agents.slice(0, max) })),
    topics: found.topics.slice(0, max),
    queues: found.queues.slice(0, max),
  };
  const count = (of: Listed): number => of.members.length + of.topics.length + of.queues.length;
  return { ...some, not_shown: count(found) - count(some) };
}

function textOf({ you, mesh, link, members, topics, queues, not_shown }: Peers): string {
  const lines = [
    `you are ${you} in mesh ${mesh}${link === "connected" ? "" : `; the link to the broker is ${link}: this is as last told`}`,
    ...members.map(({ address, online, agents }) =>
      [`${address}: ${online ? "online" : "offline"}`, ...agents.map(agentText)].join("\n  "),
    ),
    ...(topics.length === 0 ? [] : [`topics: ${topics.map(topicText).join(", ")}`]),
    ...(queues.length === 0
      ? []
      : [`queues: ${queues.map(({ address, ready }) => `${address} (${ready} ready)`).join(", ")}`]),
    ...(not_shown === 0 ? [] : [`${not_shown} more: call peers with find`]),
  ];
  return cut(printable(lines.join("\n")));
}

function agentText({ address, online }: Peers["members"][number]["agents"][number]): string {
  return `${address}${online ? " (online)" : ""}`;
}

function topicText({ address, subscribed }: Peers["topics"][number]): string {
  return `${address}${subscribed ? " (subscribed)" : ""}`;
}

function cut(text: string): string {
  if (text.length <= mcpLimits.resultCharsMax) return text;
  const more = "\n… (more: call peers with find)";
  return text.slice(0, mcpLimits.resultCharsMax - more.length).toWellFormed() + more;
}
