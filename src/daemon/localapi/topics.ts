import { ClaudemeshError } from "../../protocol/error.ts";
import type { TopicInfo } from "../../protocol/frames.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import type { TopicView } from "../../protocol/local-api.ts";
import type { Link } from "../parts.ts";
import { topicName } from "./inbox.ts";
import { operation, type Route } from "../../http/route.ts";
import { described, text } from "../../http/shape.ts";
import { topic, topics } from "./answers/directory.schema.ts";

/** What any request that goes to the broker may be refused with there. */
export const brokerErrors: readonly ErrorCode[] = ["protocol_error", "store_unavailable"];

/** Topics are the broker's: changing them needs the link, listing them the last known directory. */
export function topicRoutes(parts: { readonly link: Link }): readonly Route[] {
  const { link } = parts;
  const change = (type: "subscribe" | "unsubscribe"): Route =>
    operation({
      name: type === "subscribe" ? "topicSubscribe" : "topicUnsubscribe",
      method: "POST",
      path: `/v1/topics/{topic}/${type}`,
      summary:
        type === "subscribe" ? "Receive what is sent to a topic from now on" : "Receive nothing further from a topic",
      params: { topic: described(text(), "`#name` or `name`") },
      body: {},
      bodyOptional: true,
      answers: [{ status: 200, description: "The topic as it is now", body: topic }],
      errors: ["invalid_destination", "unknown_destination", "broker_unreachable", "timed_out", ...brokerErrors],
      handle: async ({ params }) => ({
        status: 200,
        body: view(await link.request({ type, topic: topicName(params.topic) })),
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
      errors: ["invalid_destination", "already_exists", "broker_unreachable", "timed_out", ...brokerErrors],
      handle: async ({ body }) => ({
        status: 201,
        body: view(await link.request({ type: "topic_create", name: topicName(body.name) })),
      }),
    }),
    change("subscribe"),
    change("unsubscribe"),
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
      hint: "start the broker (claudemesh up) and try again; claudemesh status shows the link",
    },
  );
}

/** The link has checked the frame's envelope of type and id; the result itself is checked here, where it is used. */
function view(result: unknown): TopicView {
  const topic = result as Partial<TopicInfo> | null;
  if (typeof topic?.name !== "string" || typeof topic.topic_id !== "string") {
    throw new ClaudemeshError("protocol_error", "the broker's answer is not a topic");
  }
  return {
    name: topic.name,
    topic_id: topic.topic_id,
    subscribers: topic.subscribers ?? 0,
    subscribed: topic.subscribed ?? false,
  };
}
