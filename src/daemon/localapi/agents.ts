import { operation, type Route } from "../../http/route.ts";
import { described, optional, text } from "../../http/shape.ts";
import { checkName } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { Agents } from "../agents/agents.ts";
import type { Link } from "../parts.ts";
import { unknownTopic } from "../resolve-address.ts";
import { agentSessionRoutes, type SessionParts, sessionKind, sessionPath } from "./agent-sessions.ts";
import { agent, agentForgotten, agents as agentList } from "./answers/agents.schema.ts";
import { topicName } from "./inbox.ts";
import { known } from "./topics.ts";

export const agentParam = described(text(), "The agent's name, or one that it had");
const answers = [{ status: 200, description: "The agent as it is now", body: agent }] as const;
const errors = ["invalid_destination", "unknown_agent", "store_unavailable"] as const;

/** Agents as addresses: who is behind this member, under which name. */
export function agentRoutes(parts: SessionParts & { readonly link: Link }): readonly Route[] {
  const { agents } = parts;
  return [
    operation({
      name: "agentList",
      method: "GET",
      path: "/v1/agents",
      summary: "Agents behind this member, with who is there and what waits for them",
      answers: [{ status: 200, description: "All of them", body: agentList }],
      handle: () => ({ status: 200, body: agents.list() }),
    }),
    agentPutRoute(agents),
    operation({
      name: "agentForget",
      method: "DELETE",
      path: "/v1/agents/{name}",
      summary: "Forget an agent; messages to it stay in the inbox",
      params: { name: agentParam },
      answers: [{ status: 200, description: "What waits for a reader", body: agentForgotten }],
      errors,
      handle: async ({ params }) => ({ status: 200, body: await agents.forget(agentName(params.name)) }),
    }),
    operation({
      name: "agentRename",
      method: "POST",
      path: "/v1/agents/{name}/rename",
      summary: "Give an agent another name; what is sent to the old one goes on arriving",
      params: { name: agentParam },
      body: { to: described(text(), "1–64 of a–z, 0–9, `.`, `_`, `-`") },
      answers,
      errors: [...errors, "agent_name_taken"],
      handle: async ({ params, body }) => ({
        status: 200,
        body: await agents.rename(agentName(params.name), agentName(body.to)),
      }),
    }),
    ...agentTopicRoutes(parts),
    ...agentSessionRoutes(parts),
  ];
}

function agentPutRoute(agents: Agents): Route {
  return operation({
    name: "agentPut",
    method: "PUT",
    path: "/v1/agents/{name}",
    summary: "Make an agent, bind a folder to it, or say that a session is it",
    params: { name: described(text(), "1–64 of a–z, 0–9, `.`, `_`, `-`") },
    body: {
      project: described(optional(sessionPath()), "Folder whose sessions are this agent from now on"),
      kind: described(optional(sessionKind()), "Only sessions of this program; by default any"),
      socket_path: described(optional(sessionPath()), "The session with that socket is this agent from now on"),
    },
    bodyOptional: true,
    answers,
    errors: [...errors, "agent_name_taken", "too_many_agents"],
    async handle({ params, body: { socket_path: socketPath, project, kind } }) {
      const session = socketPath === undefined ? undefined : agents.sessionAt(socketPath);
      if (session === null)
        throw new ClaudemeshError("unknown_agent", "no session that is there now has that socket", {
          hint: "claudemesh agent install claude-code lets sessions report themselves",
        });
      const to = {
        ...(project === undefined ? {} : { project }),
        ...(kind === undefined ? {} : { kind }),
        ...(session === undefined ? {} : { session }),
      };
      return { status: 200, body: await agents.attach(agentName(params.name), to) };
    },
  });
}

function agentTopicRoutes({ agents, link }: { readonly agents: Agents; readonly link: Link }): readonly Route[] {
  const params = { name: agentParam, topic: described(text(), "`#name` or `name`") };
  return [
    operation({
      name: "agentTopicAdd",
      method: "POST",
      path: "/v1/agents/{name}/topics/{topic}",
      summary: "Tell an agent of what is sent to a topic from now on",
      params,
      body: {},
      bodyOptional: true,
      answers,
      errors: [...errors, "unknown_destination", "not_subscribed", "directory_unavailable", "too_many_agents"],
      async handle({ params: { name, topic: written } }) {
        const agent = agents.view(agentName(name)).name;
        const topic = topicName(written);
        requireSubscribed(link, topic);
        return { status: 200, body: await agents.addTopic(agent, topic) };
      },
    }),
    operation({
      name: "agentTopicDrop",
      method: "DELETE",
      path: "/v1/agents/{name}/topics/{topic}",
      summary: "Tell an agent nothing further of a topic",
      params,
      answers,
      errors,
      handle: async ({ params: { name, topic } }) => ({
        status: 200,
        body: await agents.dropTopic(agentName(name), topicName(topic)),
      }),
    }),
  ];
}

/** An agent is told of what the member receives, and of nothing else. */
function requireSubscribed(link: Link, name: string): void {
  const { topics } = known(link);
  const topic = topics.find((one) => one.name === name);
  if (topic === undefined) throw unknownTopic(name, topics);
  if (!topic.subscribed)
    throw new ClaudemeshError("not_subscribed", `this member does not receive #${name}`, {
      hint: `claudemesh topic join '#${name}'`,
    });
}

export function agentName(written: string): string {
  return checkName(written, "agent");
}
