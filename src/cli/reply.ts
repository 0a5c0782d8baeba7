import type { Command } from "./command.ts";
import {
  messageOptions,
  readContent,
  readFields,
  readSender,
  readSource,
  readWaiting,
  tellSent,
} from "./outgoing-message.ts";
import { requireWords } from "./parse-arguments.ts";
import { inboxNumber } from "./row-number.ts";

export const command: Command = {
  name: "reply",
  summary: "Answer a message of the inbox, and mark it as read",
  usage: "reply <inbox_id> [text | - | --file F] [--attach F] [options]",
  options: {
    ...messageOptions,
    "from-agent": {
      ...messageOptions["from-agent"],
      help: `${messageOptions["from-agent"].help}, else the one that the message was sent to`,
    },
  },
  exits: [
    "notRunning",
    "conflict",
    "waitTimedOut",
    "neverSent",
    "notFound",
    "tryLater",
    "waitAccepted",
    "waitDelivered",
    "waitInjected",
  ],
  related: ["inbox", "inbox show", "send"],
  examples: [
    'reply 12 "it is done"',
    "git diff | claudemesh reply 12 -",
    'reply 12 "the log" --attach build.log --wait read',
  ],
  async run(context) {
    requireWords(command, context.positionals, 1, 2);
    const id = inboxNumber(command, context.positionals[0] ?? "");
    const waiting = readWaiting(command, context, "member");
    const fields = readFields(command, context);
    const source = readSource(command, context);
    const client = context.client();
    const content = await readContent(command, context, source, client);
    const from = await readSender(context, client);
    const sent = await client.reply(id, { ...fields, ...from, ...content }, { signal: context.signal });
    return tellSent(context, client, sent, waiting);
  },
};
