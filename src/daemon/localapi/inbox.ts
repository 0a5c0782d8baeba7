import type { Clock } from "../../base/clock.ts";
import { parseAddress } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import type { Inbox, Link } from "../parts.ts";
import { resolveMember, type Self } from "../resolve-address.ts";
import { pageOf, pageShape, readPage } from "../../http/page.ts";
import { operation, type Route } from "../../http/route.ts";
import { described, inPath, optional, text, truth, whole } from "../../http/shape.ts";
import { inboxItem, undecryptable } from "./answers/inbox.schema.ts";

const nameCharsMax = 200;
const page = { status: 200, description: "One page", body: pageOf(inboxItem) };
const idParam = inPath(described(whole(1, Number.MAX_SAFE_INTEGER), "inbox_id"), noSuchMessage);

export function inboxRoutes(parts: {
  readonly inbox: Inbox;
  readonly link: Link;
  readonly self: Self;
  readonly clock: Clock;
}): readonly Route[] {
  const { inbox } = parts;
  return [
    operation({
      name: "inboxList",
      method: "GET",
      path: "/v1/inbox",
      summary: "Messages received, in order of arrival or with `newest` the other way round",
      query: {
        ...pageShape,
        since: described(optional(whole(0, Number.MAX_SAFE_INTEGER)), "Messages after this inbox_id"),
        topic: described(optional(text({ charsMax: nameCharsMax })), "`#name` or `name`"),
        from: described(
          optional(text({ charsMax: nameCharsMax })),
          "`@name`, `name` or a member_id: what it has signed",
        ),
        agent: optional(text({ charsMax: nameCharsMax })),
        unread: optional(truth()),
        newest: described(optional(truth()), "Newest first instead of in order of arrival"),
      },
      answers: [page],
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
      name: "inboxSearch",
      method: "GET",
      path: "/v1/inbox/search",
      summary: "Messages received whose text matches",
      query: { ...pageShape, q: described(text({ charsMax: limits.searchCharsMax }), "Words that must all occur") },
      answers: [page],
      handle: ({ query }) => ({ status: 200, body: inbox.search(query.q, readPage(query)) }),
    }),
    operation({
      name: "inboxUndecryptable",
      method: "GET",
      path: "/v1/inbox/undecryptable",
      summary:
        "Messages received that cannot be opened, in order of arrival; a key that comes turns them into messages",
      query: pageShape,
      answers: [{ status: 200, description: "One page", body: pageOf(undecryptable) }],
      handle: ({ query }) => ({ status: 200, body: inbox.undecryptable(readPage(query)) }),
    }),
    operation({
      name: "inboxItem",
      method: "GET",
      path: "/v1/inbox/{id}",
      summary: "One message received",
      params: { id: idParam },
      answers: [{ status: 200, description: "The message", body: inboxItem }],
      errors: [],
      handle({ params }) {
        const item = inbox.item(params.id);
        if (item === null) throw noSuchMessage();
        return { status: 200, body: item };
      },
    }),
    operation({
      name: "inboxMarkRead",
      method: "POST",
      path: "/v1/inbox/{id}/read",
      summary: "Mark a message read; the sender is told once",
      params: { id: idParam },
      body: {},
      bodyOptional: true,
      answers: [{ status: 200, description: "The message, read", body: inboxItem }],
      errors: ["store_unavailable"],
      async handle({ params }) {
        const item = await inbox.markRead(params.id, parts.clock.now());
        if (item === null) throw noSuchMessage();
        return { status: 200, body: item };
      },
    }),
    operation({
      name: "mentions",
      method: "GET",
      path: "/v1/mentions",
      summary: "Messages received that mention this member, in order of arrival or with `newest` the other way round",
      query: { ...pageShape, newest: described(optional(truth()), "Newest first instead of in order of arrival") },
      answers: [page],
      handle: ({ query }) => ({
        status: 200,
        body: inbox.mentions(parts.self.memberId, { newest: query.newest ?? false, ...readPage(query) }),
      }),
    }),
  ];
}

export function noSuchMessage(): ClaudemeshError {
  return new ClaudemeshError("not_found", "the inbox has no such message", { hint: "claudemesh inbox" });
}

/** A topic's name from `#name` or `name`. */
export function topicName(written: string): string {
  const address = parseAddress(written.startsWith("#") ? written : `#${written}`);
  if (address.kind !== "topic") throw new ClaudemeshError("invalid_destination", "this is not a topic's name");
  return address.name;
}

/** member_id of `@name`, `name` or a bare member_id. A member_id needs no directory: messages outlive memberships. */
export function sender(written: string, link: Link, self: Self): string {
  const address = parseAddress(written.startsWith("@") ? written : `@${written}`);
  if (address.kind !== "member") throw new ClaudemeshError("invalid_destination", "this is not a member's address");
  return address.byId ? address.member : resolveMember(address, link.directory(), self);
}
