import { pageOf, pageShape, readPage } from "../../http/page.ts";
import { operation, type Route } from "../../http/route.ts";
import { described, invalid, text } from "../../http/shape.ts";
import { checkName } from "../../protocol/address.ts";
import type { DirectMessage } from "../../protocol/direct-api.ts";
import type { LogPage } from "../../protocol/frames.ts";
import { memberInfo } from "../link/member-info.ts";
import { requireUse } from "../membership/rules.ts";
import { readLogPage } from "../route/log-page.ts";
import { readableTopic } from "../route/readable-topic.ts";
import type { Caller } from "./api-key-check.ts";
import { authorised, callerErrors, callerOf, isFor, meshParam, requireDestination } from "./authorised.ts";
import * as answers from "./direct-answers.schema.ts";
import type { DirectParts } from "./direct-parts.ts";
import { messageView } from "./message-view.ts";

const page = { status: 200, description: "One page, newest first", body: pageOf(answers.message) };

/** Reading without a daemon, as far as the key's member may see. */
export function directReadRoutes(parts: DirectParts): readonly Route[] {
  return [
    operation({
      name: "topicHistory",
      method: "GET",
      path: "/v1/meshes/{mesh_id}/topics/{topic}/messages",
      summary: "Messages that the broker keeps of a topic that the key's member is subscribed to, newest first",
      params: { ...meshParam, topic: described(text(), "The topic's name, without the `#`") },
      query: pageShape,
      answers: [page],
      errors: [...callerErrors, "invalid_destination", "unknown_destination", "not_subscribed"],
      ...authorised(parts, "read"),
      async handle(call) {
        const caller = callerOf(call);
        const name = checkName(call.params.topic, "topic");
        requireDestination(caller, `#${name}`);
        const { mesh_id, member_id } = caller.key;
        requireUse(await parts.membership.known(mesh_id), member_id, `#${name}`);
        const topic = await readableTopic(parts.store, mesh_id, member_id, name);
        const found = await readLogPage(
          (page) => parts.store.history(mesh_id, member_id, topic, page),
          pageAsked(call.query),
          parts.limits.frameBytesMax,
        );
        return { status: 200, body: await viewed(parts, caller, found) };
      },
    }),
    operation({
      name: "mentionSearch",
      method: "GET",
      path: "/v1/meshes/{mesh_id}/mentions",
      summary: "Messages that mention the key's member, of those that it may see, newest first",
      params: meshParam,
      query: pageShape,
      answers: [page],
      errors: callerErrors,
      ...authorised(parts, "read"),
      async handle(call) {
        const caller = callerOf(call);
        const { mesh_id, member_id } = caller.key;
        const found = await readLogPage(
          (page) => parts.store.mentions(mesh_id, member_id, page),
          pageAsked(call.query),
          parts.limits.frameBytesMax,
        );
        return { status: 200, body: await viewed(parts, caller, found) };
      },
    }),
    operation({
      name: "memberList",
      method: "GET",
      path: "/v1/meshes/{mesh_id}/members",
      summary: "Members of the mesh, and who of them is connected",
      params: meshParam,
      answers: [{ status: 200, description: "All of them", body: answers.members }],
      errors: callerErrors,
      ...authorised(parts, "read"),
      async handle(call) {
        const { key } = callerOf(call);
        const now = parts.clock.now();
        const active = (await parts.store.members(key.mesh_id)).filter(({ status }) => status === "active");
        return {
          status: 200,
          body: { items: active.map((row) => memberInfo(row, now, parts.limits.presenceLeaseMs)) },
        };
      },
    }),
  ];
}

function pageAsked(query: { readonly cursor: string | undefined; readonly limit: number | undefined }): {
  beforeSeq: number | null;
  limit: number;
} {
  const { cursor, limit } = readPage(query);
  if (cursor !== null && !/^\d{1,15}$/.test(cursor)) throw invalid("cursor", "must be a next_cursor of this list");
  return { beforeSeq: cursor === null ? null : Number(cursor), limit };
}

/** With names, and without what the key is not for: then a page has fewer messages than it could. */
async function viewed(
  { store }: DirectParts,
  { key }: Caller,
  { items, next_before_seq: next }: LogPage,
): Promise<{ items: readonly DirectMessage[]; next_cursor: string | null }> {
  const names = new Map((await store.members(key.mesh_id)).map(({ member_id, name }) => [member_id, name]));
  const views = items.flatMap((item) => messageView(item, (memberId) => names.get(memberId) ?? null));
  return {
    items: views.filter(({ to }) => isFor(key.destinations, to)),
    next_cursor: next === null ? null : String(next),
  };
}
