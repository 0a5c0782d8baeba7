import { isName } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import type { RequestResults, TopicInfo } from "../../protocol/frames.ts";
import { isMemberId } from "../../protocol/ids.ts";
import type { TopicMemberView, TopicView } from "../../protocol/local-api.ts";
import { roles } from "../../protocol/membership/state.ts";
import type { Directory, Keyring, Link, Membership } from "../parts.ts";
import { chainOf, changeChain, entryErrors } from "./member-view.ts";
import { type Self, unknownTopic } from "../resolve-address.ts";
import { askBroker, brokerErrors } from "./ask-broker.ts";
import { topicName } from "./inbox.ts";
import { keyView } from "./rotate-keys.ts";
import { operation, type Route } from "../../http/route.ts";
import { described, text } from "../../http/shape.ts";
import { flag } from "../../http/view.ts";
import { topic, topicMembers, topics } from "./answers/directory.schema.ts";

const topicParam = described(text(), "`#name` or `name`");

/** Topics are the broker's: changing them needs the link, listing them the last known directory. */
export function topicRoutes(parts: {
  readonly link: Link;
  readonly membership: Membership;
  readonly keyring: Pick<Keyring, "present">;
  readonly self: Self;
}): readonly Route[] {
  const { link, self, keyring } = parts;
  const view = (result: unknown): TopicView => viewOf(result, keyring);
  const change = (type: "subscribe" | "unsubscribe"): Route =>
    operation({
      name: type === "subscribe" ? "topicSubscribe" : "topicUnsubscribe",
      method: "POST",
      path: `/v1/topics/{topic}/${type}`,
      summary:
        type === "subscribe" ? "Receive what is sent to a topic from now on" : "Receive nothing further from a topic",
      params: { topic: topicParam },
      body: {},
      bodyOptional: true,
      answers: [{ status: 200, description: "The topic as it is now", body: topic }],
      errors: ["invalid_destination", "unknown_destination", ...brokerErrors],
      handle: async ({ params }) => ({
        status: 200,
        body: view(await askOfTopic(link, type, topicName(params.topic))),
      }),
    });
  return [
    operation({
      name: "topicList",
      method: "GET",
      path: "/v1/topics",
      summary: "Topics of the mesh, as last told by the broker",
      answers: [{ status: 200, description: "All of them", body: topics }],
      errors: ["directory_unavailable"],
      handle: () => ({ status: 200, body: { items: known(link).topics.map(view) } }),
    }),
    operation({
      name: "topicCreate",
      method: "POST",
      path: "/v1/topics",
      summary: "Create a topic and subscribe to it",
      body: { name: described(text(), "`#name` or `name`") },
      answers: [{ status: 201, description: "The new topic", body: topic }],
      errors: ["invalid_destination", "already_exists", ...brokerErrors],
      handle: async ({ body }) => ({
        status: 201,
        body: view(await askBroker(link, { type: "topic_create", name: topicName(body.name) })),
      }),
    }),
    change("subscribe"),
    change("unsubscribe"),
    operation({
      name: "topicPolicy",
      method: "POST",
      path: "/v1/topics/{topic}/policy",
      summary: "Open a topic for messages that API keys hand to the broker unsealed, or close it for them",
      params: { topic: topicParam },
      body: { unsealed: described(flag(), "Whether they may. Every receiver is shown that nobody has signed them") },
      answers: [{ status: 200, description: "The topic as it is now", body: topic }],
      errors: ["invalid_destination", "unknown_destination", "directory_unavailable", "not_allowed", ...entryErrors],
      async handle({ params, body: { unsealed } }) {
        const name = topicName(params.topic);
        chainOf(parts.membership);
        const topic = known(link).topics.find((one) => one.name === name) ?? (await missedTopic(link, name));
        const destination = `#${name}`;
        await changeChain(
          parts.membership,
          (now) => (now.opened.get(destination) ?? false) === unsealed,
          () => ({ kind: "policy", destination, unsealed }),
        );
        return { status: 200, body: { ...view(topic), unsealed } };
      },
    }),
    operation({
      name: "topicMembers",
      method: "GET",
      path: "/v1/topics/{topic}/members",
      summary: "Members who receive what is sent to a topic, asked of the broker now",
      params: { topic: topicParam },
      answers: [{ status: 200, description: "All of them", body: topicMembers }],
      errors: ["invalid_destination", "unknown_destination", ...brokerErrors],
      handle: async ({ params }) => ({
        status: 200,
        body: {
          items: subscribers(await askOfTopic(link, "topic_members", topicName(params.topic)), self, link.directory()),
        },
      }),
    }),
  ];
}

/** The last directory told, or directory_unavailable while none has ever been seen. */
export function known(link: Link): NonNullable<ReturnType<Link["directory"]>> {
  const directory = link.directory();
  if (directory !== null) return directory;
  throw new ClaudemeshError(
    "directory_unavailable",
    "this daemon has never reached its broker, so it knows no names yet",
    {
      hint: "start the broker (claudemesh up) and try again; claudemesh doctor says what keeps the link down",
    },
  );
}

/**
 * What the broker says of a topic. It alone knows whether the topic exists; the names that it told last serve to say
 * which one was meant.
 */
async function askOfTopic(
  link: Link,
  type: "subscribe" | "unsubscribe" | "topic_members",
  topic: string,
): Promise<unknown> {
  try {
    return await askBroker(link, { type, topic });
  } catch (thrown) {
    if (ClaudemeshError.from(thrown).code !== "unknown_destination") throw thrown;
    throw unknownTopic(topic, link.directory()?.topics ?? []);
  }
}

/** News of a topic may have been lost: the broker is asked before it is said to be missing. */
async function missedTopic(link: Link, name: string): Promise<Directory["topics"][number]> {
  const topics = (await link.freshDirectory())?.topics ?? [];
  const topic = topics.find((one) => one.name === name);
  if (topic === undefined) throw unknownTopic(name, topics);
  return topic;
}

/** Who they are the chain says; that they are subscribed is the broker's word. */
function subscribers(result: unknown, self: Self, directory: Directory | null): readonly TopicMemberView[] {
  const { members } = (result ?? {}) as Partial<RequestResults["topic_members"]>;
  if (!Array.isArray(members) || !members.every(isSubscriber))
    throw new ClaudemeshError("protocol_error", "the broker's answer is not a list of members");
  const chained = directory?.names === undefined ? null : new Map(directory.members.map((one) => [one.member_id, one]));
  return members.flatMap((told) => {
    const { member_id, name, role } = chained === null ? told : (chained.get(told.member_id) ?? {});
    if (member_id === undefined || name === undefined || role === undefined) return [];
    return [{ member_id, name, address: `@${name}`, role, online: told.online, self: member_id === self.memberId }];
  });
}

function isSubscriber(value: unknown): value is RequestResults["topic_members"]["members"][number] {
  if (!isRecord(value)) return false;
  const { member_id: id, name, role, online } = value;
  const isMember = typeof id === "string" && isMemberId(id) && typeof name === "string" && isName(name);
  return isMember && roles.some((known) => known === role) && typeof online === "boolean";
}

/** The link has checked the frame's envelope of type and id; the result itself is checked here, where it is used. */
function viewOf(result: unknown, keyring: Pick<Keyring, "present">): TopicView {
  const topic = result as Partial<TopicInfo> | null;
  if (typeof topic?.name !== "string" || typeof topic.topic_id !== "string") {
    throw new ClaudemeshError("protocol_error", "the broker's answer is not a topic");
  }
  const key = keyring.present({ kind: "topic", ref: topic.name });
  return {
    name: topic.name,
    topic_id: topic.topic_id,
    subscribers: topic.subscribers ?? 0,
    subscribed: topic.subscribed ?? false,
    unsealed: topic.unsealed ?? false,
    key: key === null ? null : keyView(key),
  };
}
