import type { Client } from "../client/client.ts";
import type { InboxItem } from "../protocol/local-api.ts";
import type { Command, CommandContext, Option } from "./command.ts";
import type { Following } from "./follow-inbox.ts";
import { typedAgent, typedMember, typedTopic } from "./typed-address.ts";

/** Whose messages, and to whom. */
export const senderOptions: Readonly<Record<"from" | "topic" | "agent", Option>> = {
  from: { type: "string", value: "@x", help: "only of this member", complete: "member" },
  topic: { type: "string", value: "#t", help: "only of this topic", complete: "topic" },
  agent: { type: "string", value: "NAME", help: "only what was sent to this agent of yours", complete: "agent" },
};

/** The filter of `--from`, `--topic`, `--agent` and `--unread`, checked as written before the daemon is asked. */
export function readInboxFilter(
  command: Pick<Command, "name" | "usage">,
  context: Pick<CommandContext, "option" | "flag">,
): Following["filter"] {
  const from = context.option("from");
  const topic = context.option("topic");
  const agent = context.option("agent");
  return {
    ...(from === undefined ? {} : { from: typedMember(command, from) }),
    ...(topic === undefined ? {} : { topic: typedTopic(topic) }),
    ...(agent === undefined ? {} : { agent: typedAgent(command, agent) }),
    ...(context.flag("unread") ? { unread: true } : {}),
  };
}

/** inbox_id of the newest message of all; 0 while there is none. What comes from now on is larger. */
export async function newestInboxId(client: Client, signal: AbortSignal): Promise<number> {
  const { items } = await client.inbox.list({ newest: true, limit: 1 }, { signal });
  return items[0]?.inbox_id ?? 0;
}

/** Whether a message mentions the member. */
export const mentions =
  (memberId: string) =>
  (item: InboxItem): boolean =>
    item.mentions.includes(memberId);
