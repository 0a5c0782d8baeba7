import { parseAddress } from "../protocol/address.ts";
import type { Command, CommandContext } from "./command.ts";
import {
  meshLimit,
  messageOptions,
  readContent,
  readFields,
  readSender,
  readSource,
  readWaiting,
  tellSent,
} from "./outgoing-message.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { sendLines } from "./send-lines.ts";

export const command: Command = {
  name: "send",
  summary: "Send a message; answers as soon as it is on disk here",
  usage: "send <address> [text | - | --file F | --lines] [--attach F] [options]",
  options: {
    ...messageOptions,
    lines: {
      type: "boolean",
      help: "every line of standard input is a message of its own, sent as soon as it is read; empty lines are left out",
    },
    id: {
      ...messageOptions.id,
      help: `${messageOptions.id.help}; with --lines the ids are ID-1, ID-2, … by the number of the line`,
    },
    "reply-to": { type: "string", value: "ID", help: "broker_message_id of the message this one answers" },
    mention: {
      type: "string",
      value: "@x",
      multiple: true,
      help: "a member who is mentioned; may be repeated",
      complete: "member",
    },
    wait: { ...messageOptions.wait, help: `${messageOptions.wait.help}; with --lines the last line` },
  },
  words: ["address"],
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
  related: ["inbox", "reply", "messages show", "outbox list", "help addresses", "help ids", "help delivery"],
  examples: [
    'send @bob "the build is green"',
    "send '#builds' --file report.md --wait delivered",
    "make 2>&1 | claudemesh send @oncall - --id build-42",
    'send @bob "the report" --attach report.pdf --attach figures.csv',
    "tail -f log | claudemesh send '#builds' --lines",
  ],
  async run(context) {
    requireWords(command, context.positionals, 1, 2);
    const [to = ""] = context.positionals;
    const { kind } = parseAddress(to);
    const waiting = readWaiting(command, context, kind);
    const fields = { to, ...readFields(command, context), ...readAnswered(context) };
    if (context.flag("lines")) {
      refuseWithLines(context);
      const client = context.client();
      const from = await readSender(context, client);
      return sendLines(context, client, {
        fields: { ...fields, ...from },
        waiting,
        bytesMax: await meshLimit(client, context.signal),
      });
    }
    const source = readSource(command, context);
    const client = context.client();
    const content = await readContent(command, context, source, client);
    const from = await readSender(context, client);
    const sent = await client.send({ ...fields, ...from, ...content }, { signal: context.signal });
    return tellSent(context, client, sent, waiting);
  },
};

function readAnswered(context: CommandContext): { readonly reply_to?: string; readonly mentions?: readonly string[] } {
  const replyTo = context.option("reply-to");
  const mentions = context.options("mention");
  return {
    ...(replyTo === undefined ? {} : { reply_to: replyTo }),
    ...(mentions.length === 0 ? {} : { mentions }),
  };
}

function refuseWithLines(context: CommandContext): void {
  const text = context.positionals[1];
  if (context.option("file") !== undefined || (text !== undefined && text !== "-"))
    throw usage(command, "--lines reads standard input: give neither a text nor --file with it");
  if (context.options("attach").length > 0) throw usage(command, "--attach goes with one message, not with --lines");
}
