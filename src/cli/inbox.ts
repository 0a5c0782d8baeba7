import type { Client } from "../client/client.ts";
import { outlast } from "../client/outlast.ts";
import { limits } from "../protocol/limits.ts";
import type { InboxItem } from "../protocol/local-api.ts";
import type { Command, CommandContext } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { followInbox, type Following } from "./follow-inbox.ts";
import { newestInboxId, readInboxFilter, senderOptions } from "./inbox-filter.ts";
import { messageLines } from "./message-text.ts";
import { wholeNumber } from "./page-options.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { unbroken } from "./printable.ts";

const defaultLimit = 20;

export const command: Command = {
  name: "inbox",
  summary: "Show the newest messages received, oldest of them first",
  usage: "inbox [options]",
  options: {
    follow: { type: "boolean", help: "go on and show each message as it arrives, until Ctrl-C; see `watch`" },
    unread: { type: "boolean", help: "only messages not yet read" },
    "mark-read": { type: "boolean", help: "mark what is shown as read; its sender is told" },
    undecryptable: { type: "boolean", help: "instead of messages, what was received and cannot be opened, and why" },
    ...senderOptions,
    limit: {
      type: "string",
      value: "N",
      help: `how many at most, ${defaultLimit} by default; 0 with --follow: only new ones`,
    },
  },
  examples: ["inbox", "inbox --unread --mark-read", "inbox --follow --json", "inbox --undecryptable"],
  exits: ["notRunning", "notFound", "interrupted"],
  related: ["send", "reply", "members", "topic list"],
  async run(context) {
    requireWords(command, context.positionals, 0, 0);
    const follows = context.flag("follow");
    const written = context.option("limit");
    const limit =
      wholeNumber(command, "--limit", written, follows ? 0 : 1, limits.pageItemsMax) ?? (follows ? 0 : defaultLimit);
    const filter = readInboxFilter(command, context);
    const client = context.client();
    if (context.flag("undecryptable")) return undecryptable(context, client, limit);
    if (follows) return follow(context, client, filter, limit);
    const items = await newest(context, client, filter, limit);
    if (context.flag("json")) context.out.json({ items });
    else if (items.length === 0) context.out.note("no messages");
    for (const item of items) await show(context, client, item, !context.flag("json"));
    return exitCodes.ok;
  },
};

/** What is kept sealed, oldest first: nothing of a body is known. */
async function undecryptable(context: CommandContext, client: Client, limit: number): Promise<number> {
  for (const other of ["follow", "unread", "mark-read"])
    if (context.flag(other)) throw usage(command, `--undecryptable does not go with --${other}`);
  const { items } = await client.inbox.undecryptable({ limit: Math.max(limit, 1) }, { signal: context.signal });
  const { out } = context;
  if (context.flag("json")) out.json({ items });
  else if (items.length === 0) out.note("everything that was received could be opened");
  else
    for (const { from, to, history_id, since, code, reason } of items) {
      out.line(
        `${out.paint.bold(`@${unbroken(from.name ?? from.member_id)}`)} → ${unbroken(to)}  ${out.paint.dim(since)}  history ${history_id}`,
      );
      out.line(`  ${unbroken(`${code}: ${reason}`)}`);
    }
  return exitCodes.ok;
}

async function follow(
  context: CommandContext,
  client: Client,
  filter: Following["filter"],
  limit: number,
): Promise<number> {
  const { signal } = context;
  let after = await newestInboxId(client, signal);
  if (limit > 0)
    for (const item of await newest(context, client, filter, limit)) {
      await show(context, client, item, true);
      after = Math.max(after, item.inbox_id);
    }
  const following = followInbox(client, { filter, wants: () => true, after, signal });
  for await (const item of following) await show(context, client, item, true);
  return exitCodes.interrupted;
}

/** The last `limit` messages, oldest of them first. */
async function newest(
  context: CommandContext,
  client: Client,
  filter: Following["filter"],
  limit: number,
): Promise<readonly InboxItem[]> {
  const { items } = await client.inbox.list({ limit, newest: true, ...filter }, { signal: context.signal });
  return items.toReversed();
}

async function show(context: CommandContext, client: Client, item: InboxItem, print: boolean): Promise<void> {
  const { out, signal } = context;
  if (print && context.flag("json")) out.json(item);
  else if (print) for (const line of messageLines(item, out.paint)) out.line(line);
  if (!context.flag("mark-read") || item.read_at !== null) return;
  const mark = () => client.inbox.markRead(item.inbox_id, { signal });
  await (context.flag("follow") ? outlast(mark, { signal }) : mark());
}
