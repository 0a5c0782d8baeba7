import type { Client } from "../client/client.ts";
import type { InboxItem } from "../protocol/local-api.ts";
import { limits } from "../protocol/limits.ts";
import type { Command, CommandContext } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { printable } from "./printable.ts";

const defaultLimit = 20;

export const command: Command = {
  name: "inbox",
  summary: "Show the newest messages received, oldest of them first",
  usage: "inbox [options]",
  options: {
    follow: { type: "boolean", help: "go on and show each message as it arrives, until Ctrl-C" },
    unread: { type: "boolean", help: "only messages not yet read" },
    "mark-read": { type: "boolean", help: "mark what is shown as read; its sender is told" },
    from: { type: "string", value: "@x", help: "only of this member" },
    topic: { type: "string", value: "#t", help: "only of this topic" },
    limit: {
      type: "string",
      value: "N",
      help: `how many at most, ${defaultLimit} by default; 0 with --follow: only new ones`,
    },
  },
  examples: ["inbox", "inbox --unread --mark-read", "inbox --follow --json"],
  async run(context) {
    requireWords(command, context.positionals, 0, 0);
    const limit = readLimit(context.option("limit"), context.flag("follow"));
    const client = context.client();
    if (context.flag("follow")) return follow(context, client, limit);
    const items = await newest(context, client, limit);
    if (context.flag("json")) context.out.json({ items });
    else if (items.length === 0) context.out.note("no messages");
    for (const item of items) await show(context, client, item, !context.flag("json"));
    return exitCodes.ok;
  },
};

/** The stream stands before the list is read, so that nothing falls between; what comes by both ways is shown once. */
async function follow(context: CommandContext, client: Client, limit: number): Promise<number> {
  let shown = 0;
  let listed = false;
  const waiting: InboxItem[] = [];
  const once = async (item: InboxItem): Promise<void> => {
    if (item.inbox_id <= shown) return;
    shown = item.inbox_id;
    await show(context, client, item, true);
  };
  let opened: () => void = () => {};
  const open = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const reading = (async () => {
    for await (const event of client.events({ signal: context.signal, onOpen: opened })) {
      if (event.event !== "message" || !isWanted(context, event.data as unknown as InboxItem)) continue;
      const item = event.data as unknown as InboxItem;
      if (listed) await once(item);
      else waiting.push(item);
    }
  })();
  await Promise.race([open, reading]);
  if (limit > 0) for (const item of await newest(context, client, limit)) await once(item);
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await once(next);
  listed = true;
  await reading;
  return exitCodes.interrupted;
}

function isWanted(context: CommandContext, item: InboxItem): boolean {
  const from = context.option("from")?.replace(/^@/, "").toLowerCase();
  const topic = context.option("topic")?.replace(/^#/, "").toLowerCase();
  return (
    (from === undefined || item.from.member_id === from || item.from.name === from) &&
    (topic === undefined || item.topic === topic)
  );
}

/** The last `limit` messages, oldest of them first. */
async function newest(context: CommandContext, client: Client, limit: number): Promise<readonly InboxItem[]> {
  const from = context.option("from");
  const topic = context.option("topic");
  const { items } = await client.inbox.list(
    {
      limit,
      newest: true,
      ...(context.flag("unread") ? { unread: true } : {}),
      ...(from === undefined ? {} : { from }),
      ...(topic === undefined ? {} : { topic }),
    },
    { signal: context.signal },
  );
  return items.toReversed();
}

async function show(context: CommandContext, client: Client, item: InboxItem, print: boolean): Promise<void> {
  const { out } = context;
  if (print && context.flag("json")) out.json(item);
  else if (print) for (const line of lines(item, out.paint)) out.line(line);
  if (context.flag("mark-read") && item.read_at === null)
    await client.inbox.markRead(item.inbox_id, { signal: context.signal });
}

function lines(item: InboxItem, paint: CommandContext["out"]["paint"]): string[] {
  const sender = item.from.name === null ? `@${item.from.member_id}` : `@${item.from.name}`;
  const marks = [
    ...(item.read_at === null ? ["unread"] : []),
    ...(item.verified ? [] : ["sender not verified"]),
    ...(item.priority === "next" ? [] : [`priority ${item.priority}`]),
  ];
  const head = `${paint.bold(sender)} → ${item.to}  ${paint.dim(item.received_at)}  #${item.inbox_id}${marks.length === 0 ? "" : `  ${paint.yellow(`[${marks.join(", ")}]`)}`}`;
  const bytes = Math.floor((item.body.length * 3) / 4);
  const text =
    item.message === null
      ? `(${bytes} bytes of ${printable(item.content_type)}; --json shows them)`
      : printable(item.message);
  return [
    head,
    ...text
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => `  ${line}`),
  ];
}

function readLimit(text: string | undefined, follows: boolean): number {
  if (text === undefined) return follows ? 0 : defaultLimit;
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(limit >= (follows ? 0 : 1) && limit <= limits.pageItemsMax))
    throw usage(command, `--limit ${text}: it is a number from 1 to ${limits.pageItemsMax}`);
  return limit;
}
