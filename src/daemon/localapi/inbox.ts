import type { Clock } from "../../base/clock.ts";
import { parseAddress } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { Inbox, Link } from "../parts.ts";
import { resolveMember, type Self } from "../resolve-address.ts";
import { pageShape, readPage } from "./page.ts";
import { operation, type Route } from "./route.ts";
import { optional, text, truth, whole } from "./shape.ts";

const searchCharsMax = 1_024;
const nameCharsMax = 200;

export function inboxRoutes(parts: {
  readonly inbox: Inbox;
  readonly link: Link;
  readonly self: Self;
  readonly clock: Clock;
}): readonly Route[] {
  const { inbox } = parts;
  return [
    operation({
      method: "GET",
      path: "/v1/inbox",
      summary: "Messages received, in order of arrival or with `newest` the other way round",
      query: {
        ...pageShape,
        since: optional(whole(0, Number.MAX_SAFE_INTEGER)),
        topic: optional(text({ charsMax: nameCharsMax })),
        from: optional(text({ charsMax: nameCharsMax })),
        agent: optional(text({ charsMax: nameCharsMax })),
        unread: optional(truth()),
        newest: optional(truth()),
      },
      body: null,
      answers: [200],
      errors: ["invalid_destination", "unknown_destination", "directory_unavailable"],
      handle: ({ query }) => ({
        status: 200,
        body: inbox.list({
          since: query.since ?? null,
          topic: query.topic === undefined ? null : topicName(query.topic),
          from: query.from === undefined ? null : sender(query.from, parts.link, parts.self),
          agent: query.agent ?? null,
          unread: query.unread ?? false,
          newest: query.newest ?? false,
          ...readPage(query),
        }),
      }),
    }),
    operation({
      method: "GET",
      path: "/v1/inbox/search",
      summary: "Messages received whose text matches",
      query: { ...pageShape, q: text({ charsMax: searchCharsMax }) },
      body: null,
      answers: [200],
      errors: [],
      handle: ({ query }) => ({ status: 200, body: inbox.search(query.q, readPage(query)) }),
    }),
    operation({
      method: "POST",
      path: "/v1/inbox/{id}/read",
      summary: "Mark a message read; the sender is told once",
      query: {},
      body: {},
      bodyOptional: true,
      answers: [200],
      errors: [],
      async handle({ params }) {
        const written = params["id"] ?? "";
        const item = /^[1-9]\d{0,14}$/.test(written) ? await inbox.markRead(Number(written), parts.clock.now()) : null;
        if (item === null)
          throw new ClaudemeshError("not_found", "the inbox has no such message", { hint: "claudemesh inbox" });
        return { status: 200, body: item };
      },
    }),
    operation({
      method: "GET",
      path: "/v1/mentions",
      summary: "Messages received that mention this member",
      query: pageShape,
      body: null,
      answers: [200],
      errors: [],
      handle: ({ query }) => ({ status: 200, body: inbox.mentions(parts.self.memberId, readPage(query)) }),
    }),
  ];
}

/** A topic's name from `#name` or `name`. */
export function topicName(written: string): string {
  const address = parseAddress(written.startsWith("#") ? written : `#${written}`);
  if (address.kind !== "topic") throw new ClaudemeshError("invalid_destination", "this is not a topic's name");
  return address.name;
}

/** member_id of `@name`, `name` or a bare member_id. A member_id needs no directory: messages outlive memberships. */
function sender(written: string, link: Link, self: Self): string {
  const address = parseAddress(written.startsWith("@") ? written : `@${written}`);
  if (address.kind !== "member") throw new ClaudemeshError("invalid_destination", "this is not a member's address");
  return address.byId ? address.member : resolveMember(address, link.directory(), self);
}
