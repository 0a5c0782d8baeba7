import { parseAddress } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import type { LogPage } from "../../protocol/frames.ts";
import type { HistoryItem, Page } from "../../protocol/local-api.ts";
import type { Log } from "../../base/log.ts";
import type { MeshFile } from "../identity/mesh-file.ts";
import { createMemberKeys } from "../link/member-keys.ts";
import { createPushCheck } from "../link/push-check.ts";
import type { CheckedPush, Keyring, Link, Membership, Outbox } from "../parts.ts";
import { resolveMember, type Self } from "../resolve-address.ts";
import { askBroker, brokerErrors } from "./ask-broker.ts";
import { itemOf } from "./ask-of-queue.ts";
import { historyItem } from "./history-item.ts";
import { pageOf, pageShape, readPage } from "../../http/page.ts";
import { operation, type Route } from "../../http/route.ts";
import { described, invalid, text } from "../../http/shape.ts";
import { historyItem as itemAnswer } from "./answers/inbox.schema.ts";
import { known } from "./topics.ts";

export interface HistoryParts {
  readonly link: Link;
  readonly self: Self;
  readonly mesh: MeshFile;
  readonly membership: Pick<Membership, "state">;
  readonly keyring: Pick<Keyring, "open">;
  readonly outbox: Pick<Outbox, "sentContent">;
  readonly log: Log;
}

/** The broker's copy of what was said. It needs the link: what was received is also in the inbox, without it. */
export function historyRoutes(parts: HistoryParts): readonly Route[] {
  const { link, self } = parts;
  return [
    operation({
      name: "history",
      method: "GET",
      path: "/v1/history",
      summary: "Messages that the broker keeps of a topic, or of this member's direct messages, newest first",
      query: {
        ...pageShape,
        address: described(text(), "`#topic`, or `@` and this member's own name for its direct messages"),
      },
      answers: [{ status: 200, description: "One page", body: pageOf(itemAnswer) }],
      errors: [
        "invalid_destination",
        "unknown_destination",
        "not_subscribed",
        "not_allowed",
        "directory_unavailable",
        ...brokerErrors,
      ],
      async handle({ query }) {
        const address = historyAddress(query.address, link, self);
        const { cursor, limit } = readPage(query);
        const result = await askBroker(link, {
          type: "history",
          address,
          before_seq: beforeSeq(cursor),
          limit,
        });
        return { status: 200, body: historyPage(result, parts, sentTo(address)) };
      },
    }),
    operation({
      name: "brokerMentions",
      method: "GET",
      path: "/v1/history/mentions",
      summary:
        "Messages that the broker keeps and that mention this member, whichever host received them, newest first",
      query: pageShape,
      answers: [{ status: 200, description: "One page", body: pageOf(itemAnswer) }],
      errors: brokerErrors,
      async handle({ query }) {
        const { cursor, limit } = readPage(query);
        const result = await askBroker(link, { type: "mentions", before_seq: beforeSeq(cursor), limit });
        return { status: 200, body: historyPage(result, parts, mentions(self)) };
      },
    }),
  ];
}

function beforeSeq(cursor: string | null): number | null {
  if (cursor === null) return null;
  if (!/^\d{1,15}$/.test(cursor)) throw invalid("cursor", "must be a next_cursor of this list");
  return Number(cursor);
}

/** Why a message does not belong to what was asked for; null: it does. */
type Foreign = (envelope: Envelope) => string | null;

/** `address` as {@link historyAddress} gives it. */
export function sentTo(address: string): Foreign {
  return ({ destination_kind: kind, destination_ref: ref }) => {
    const belongs = address === "dm" ? kind === "dm" : kind === "topic" && ref === address;
    return belongs ? null : "it was sent elsewhere";
  };
}

function mentions({ memberId }: Self): Foreign {
  return (envelope) => (envelope.mentions.includes(memberId) ? null : "it mentions others");
}

function historyPage(result: unknown, parts: HistoryParts, foreign: Foreign): Page<HistoryItem> {
  const { items, next } = checkedPage(result, parts, foreign);
  const directory = parts.link.directory();
  return {
    items: items.map((checked) => historyItem(checked, directory, parts.self, parts.outbox)),
    next_cursor: next === null ? null : String(next),
  };
}

/**
 * The result is the broker's word: it is looked at here, and each message is checked as a pushed one is, and whether it belongs here:
 * one that was said in another place may mean something else in this one.
 */
export function checkedPage(
  result: unknown,
  parts: HistoryParts,
  foreign: Foreign,
): { readonly items: readonly CheckedPush[]; readonly next: number | null } {
  const { items, next_before_seq } = (result ?? {}) as LogPage;
  if (!Array.isArray(items)) throw new ClaudemeshError("protocol_error", "the broker's answer is not a history");
  const { link, self } = parts;
  const directory = link.directory();
  const context = { ...parts, identity: self, directory: { current: () => directory } };
  const check = createPushCheck(context, createMemberKeys());
  const read = items.map((item) => itemOf({ item }));
  return {
    items: read.map((item) => {
      const checked = check(item, true);
      const { envelope } = checked.item;
      const elsewhere = envelope === null ? null : foreign(envelope);
      return elsewhere === null ? checked : { ...checked, invalid: elsewhere };
    }),
    next: typeof next_before_seq === "number" ? next_before_seq : null,
  };
}

/** `dm`, or a topic's name as the link's request takes it. */
export function historyAddress(written: string, link: Link, self: Self): string {
  if (written === "dm") return "dm";
  const address = parseAddress(written);
  if (address.kind === "topic") return address.name;
  if (address.kind === "member" && resolveMember(address, known(link), self) === self.memberId) return "dm";
  throw new ClaudemeshError(
    "invalid_destination",
    "history is kept per topic, and of this member's own direct messages",
    {
      hint: `use #topic or @${self.name}`,
    },
  );
}
