import * as z from "zod";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import type { HistoryItem, InboxItem, Page } from "../../protocol/local-api.ts";
import { framed, notice, senderOf } from "../framed.ts";
import { mcpLimits } from "../mcp-limits.ts";
import { shownToAgent } from "../shown-to-agents.ts";
import { tool } from "../tool.ts";

const output = z.object({
  messages: z.array(
    z.object({
      inbox_id: z.number().nullable().describe("For inbox with id, and reply. null: only in the broker's history."),
      history_id: z.number(),
      from: z.string().nullable(),
      to: z.string().nullable(),
      at: z.string(),
      unread: z.boolean().nullable(),
    }),
  ),
  hidden: z.number().describe("Of these not shown to agents: your user blocks or holds their senders."),
  next_cursor: z.string().nullable().describe("Pass it as cursor for older ones."),
  text: z.string(),
});

export const search = tool({
  name: "search",
  title: "Look through messages",
  description:
    "Look through what was received, the newest first: query for words, in for the broker's history of a topic or of direct messages, neither for the last ones received. Marks nothing read.",
  input: z.strictObject({
    query: z
      .string()
      .min(1)
      .max(limits.searchCharsMax)
      .optional()
      .describe('Words that all stand in it, "a phrase", or -word.'),
    in: z.string().optional().describe("#topic, or dm: what the broker keeps, also from before this host received."),
    limit: z.int().min(1).max(mcpLimits.searchItemsMax).optional().describe(`Default ${mcpLimits.searchItems}.`),
    cursor: z.string().max(limits.cursorCharsMax).optional().describe("next_cursor of the answer before."),
  }),
  output,
  readsOnly: true,
  repeats: "harmless",
  async run({ query, in: address, limit = mcpLimits.searchItems, cursor }, call) {
    if (query !== undefined && address !== undefined)
      throw new ClaudemeshError("invalid_field", "query and in are both given", {
        hint: "query looks through this host's inbox, in through the broker's history: give one of them",
      });
    const choice = { limit, ...(cursor === undefined ? {} : { cursor }) };
    const page: Page<InboxItem | HistoryItem> = await call.ask((client, options) => {
      if (query !== undefined) return client.inbox.search(query, choice, options);
      if (address !== undefined) return client.history(address, choice, options);
      return client.inbox.list({ ...choice, newest: true }, options);
    });
    const { mesh } = await call.ask((client, options) => client.health(options));
    const shownOf = await shownToAgent(call);
    const items = page.items.filter((item) => shownOf(item) !== "nothing");
    const text = textOf(items, mesh, page.next_cursor, (item) => shownOf(item) === "notice");
    const hidden = page.items.length - items.length;
    return { text, structured: { messages: items.map(listed), hidden, next_cursor: page.next_cursor, text } };
  },
});

function listed(item: InboxItem | HistoryItem) {
  return {
    inbox_id: "inbox_id" in item ? item.inbox_id : null,
    history_id: item.history_id,
    from: senderOf(item),
    to: "to" in item ? item.to : null,
    at: item.accepted_at,
    unread: "read_at" in item ? item.read_at === null : null,
  };
}

/** The beginning of each, as long as the result has room: of the others no more than where to find them. */
function textOf(
  items: readonly (InboxItem | HistoryItem)[],
  mesh: string,
  cursor: string | null,
  isNotice: (item: InboxItem | HistoryItem) => boolean,
): string {
  if (items.length === 0) return "no message found";
  let room = mcpLimits.resultCharsMax - items.length * pointerCharsMax;
  const texts = items.map((item) => {
    const whole =
      "body" in item
        ? excerpt(item, mesh, isNotice(item))
        : `(message ${item.history_id} cannot be shown: ${item.unavailable})`;
    if (whole.length > room) return pointer(item);
    room -= whole.length;
    return whole;
  });
  return [...texts, ...(cursor === null ? [] : [`older ones: search with cursor ${cursor}`])].join("\n\n");
}

function excerpt(item: InboxItem | Extract<HistoryItem, { body: string }>, mesh: string, isNotice: boolean): string {
  if (isNotice) return notice(item, { mesh, to: item.to });
  const { message } = item;
  const isLong = message !== null && message.length > mcpLimits.excerptCharsMax;
  const short = isLong ? { ...item, message: `${message.slice(0, mcpLimits.excerptCharsMax).toWellFormed()}…` } : item;
  const text = framed(short, { mesh, to: item.to, charsMax: Number.MAX_SAFE_INTEGER });
  return isLong ? `${text}\n${pointer(item)}` : text;
}

/** More than a pointer has. */
const pointerCharsMax = 224;

function pointer(item: InboxItem | HistoryItem): string {
  if ("inbox_id" in item) return `(all of it: inbox with id ${item.inbox_id})`;
  return `(message ${item.history_id} of the history, from ${senderOf(item) ?? "unknown"}: too long to be shown here)`;
}
