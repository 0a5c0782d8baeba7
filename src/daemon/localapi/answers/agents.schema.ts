import { described, oneOf, text } from "../../../http/shape.ts";
import { answerOf, count, flag, instant, listing, nullable, view } from "../../../http/view.ts";
import {
  type AgentForgotten,
  type AgentList,
  type AgentSessionLease,
  type AgentSessionNamed,
  type AgentSessionView,
  type AgentView,
  agentStates,
  type UnclaimedMail,
} from "../../../protocol/agents-api.ts";

const session = answerOf<AgentSessionView>("AgentSession")(
  view({
    kind: described(text(), "The program, such as `claude-code`"),
    session_id: described(text(), "Its own id of the run"),
    state: oneOf("busy", "idle"),
    project: described(text(), "Folder that it began in"),
    has_socket: described(flag(), "It takes messages at a socket of its own"),
    started_at: instant(),
    last_seen_at: instant(),
    lease_until: described(instant(), "Not heard of again until then, it counts as gone"),
  }),
);

export const agent = answerOf<AgentView>("Agent")(
  view({
    name: text(),
    address: described(text(), "`@member/agent`: pass as `to` of a send"),
    kind: described(nullable(text()), "The program of its newest session; null: none was there yet"),
    project: described(nullable(text()), "Folder whose sessions are this agent; null: none"),
    chosen: described(flag(), "A user gave the name; else it is made of the folder's"),
    state: described(
      oneOf(...agentStates),
      "busy: a session works on something; idle: one is there; offline: none is, and mail waits for it",
    ),
    sessions: described(listing(session), "Those that are there now, the newest first"),
    waiting: described(count(), "Messages for it that nobody has read and none of its sessions has had, up to 10,000"),
    default: described(flag(), "What is sent to the member without naming an agent is for it"),
    topics: described(listing(text()), "Topics whose messages are for it, without `#`"),
    former_names: described(listing(text()), "Names that it had: what is sent to them arrives here"),
    created_at: instant(),
    last_seen_at: nullable(instant()),
  }),
);

const unclaimed = answerOf<UnclaimedMail>("UnclaimedMail")(
  view({ agent: described(text(), "As the senders wrote it"), waiting: count() }),
);

export const agents = answerOf<AgentList>("Agents")(
  view({
    items: described(listing(agent), "Newest seen first"),
    default: described(nullable(text()), "Who gets what names no agent; null: nobody is interrupted"),
    undecided: described(count(), "Unread messages that name no agent, while none is the default; up to 10,000"),
    unclaimed: described(listing(unclaimed), "Unread messages to agents that do not exist here"),
  }),
);

export const agentForgotten = answerOf<AgentForgotten>("AgentForgotten")(
  view({ name: text(), waiting: described(count(), "Messages to it that stay in the inbox unread") }),
);

export const agentSessionNamed = answerOf<AgentSessionNamed>("AgentSessionNamed")(
  view({
    agent: text(),
    address: text(),
    renamed_from: described(
      nullable(text()),
      "The agent that it was, or asked to be, while another session is that one now",
    ),
    lease_until: instant(),
  }),
);

export const agentSessionLease = answerOf<AgentSessionLease>("AgentSessionLease")(
  view({ agent: text(), lease_until: described(nullable(instant()), "null: it has ended") }),
);
