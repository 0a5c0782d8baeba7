import type { MessageView, ReceiptStage, SendRequest, SendResult } from "../protocol/local-api.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { Command, CommandContext } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { type Body, readBody } from "./read-body.ts";

const waitTimeoutMs = 30_000;

export const command: Command = {
  name: "send",
  summary: "Send a message; answers as soon as it is on disk here",
  usage: "send <address> [text | - | --file F] [options]",
  options: {
    file: { type: "string", value: "F", help: "the message is this file's content" },
    id: {
      type: "string",
      value: "ID",
      help: "the message's id: the same id with the same message is sent once, however often it is tried",
    },
    meta: { type: "string", value: "JSON", help: "an object that travels beside the body, visible to the broker" },
    priority: { type: "string", value: "P", help: "now, next (default) or low" },
    "reply-to": { type: "string", value: "ID", help: "broker_message_id of the message this one answers" },
    mention: { type: "string", value: "@x", multiple: true, help: "a member who is mentioned; may be repeated" },
    "content-type": { type: "string", value: "TYPE", help: "media type of the message" },
    wait: {
      type: "string",
      value: "STAGE",
      help: "wait until it is accepted (stored by the broker) or delivered (stored at the receiver)",
    },
    timeout: { type: "string", value: "30s", help: "how long --wait waits" },
  },
  examples: [
    'send @bob "the build is green"',
    "send '#builds' --file report.md --wait delivered",
    "make 2>&1 | claudemesh send @oncall - --id build-42",
  ],
  async run(context) {
    const { positionals, out, signal } = context;
    requireWords(command, positionals, 1, 2);
    const stage = readStage(context.option("wait"));
    const timeout = context.option("timeout");
    if (timeout !== undefined && stage === null) throw usage(command, "--timeout limits --wait, which is not given");
    const timeoutMs = timeout === undefined ? waitTimeoutMs : parseDuration(timeout, "--timeout");
    const request = readRequest(context, positionals[0] ?? "", await readContent(context));
    const client = context.client();
    const sent = await client.send(request, { signal });
    if (stage === null) {
      if (context.flag("json")) out.json(sent);
      else out.line(sentText(sent));
      return exitCodes.ok;
    }
    if (!context.flag("json")) out.note(sentText(sent));
    return wait(context, sent, stage, timeoutMs, () =>
      client.waitFor(String(sent.outbox_id), stage, { signal, timeoutMs }),
    );
  },
};

async function wait(
  context: CommandContext,
  sent: SendResult,
  stage: ReceiptStage,
  timeoutMs: number,
  reached: () => Promise<MessageView>,
): Promise<number> {
  const { out } = context;
  try {
    const message = await reached();
    if (context.flag("json")) out.json({ ...sent, ...message });
    else out.line(`${stage} ${sent.client_message_id}${of(message)}`);
    return exitCodes.ok;
  } catch (thrown) {
    if (!(thrown instanceof ClaudemeshError) || thrown.details["message"] === undefined) throw thrown;
    const message = thrown.details["message"] as MessageView;
    const known = message.stages.at(-1)?.stage ?? "queued";
    if (context.flag("json")) out.json({ ...sent, ...message });
    else out.line(`${thrown.code === "timed_out" ? known : message.status} ${sent.client_message_id}${of(message)}`);
    out.note(
      thrown.code === "timed_out"
        ? `error: not ${stage} within ${timeoutMs / 1_000} s; it stays on its way (timed_out)`
        : `error: ${thrown.message}`,
    );
    out.note(`hint: claudemesh outbox inspect ${sent.outbox_id}`);
    return thrown.code === "timed_out" ? exitCodes.waitTimedOut : exitCodes.neverSent;
  }
}

/** Says only what is true: `queued` is on disk here, `accepted` is stored by the broker. */
function sentText(sent: SendResult): string {
  if (sent.state === "done")
    return `accepted ${sent.client_message_id} (it was already, as ${sent.broker_message_id ?? ""})`;
  const known = sent.duplicate ? " (it was already)" : "";
  return `queued ${sent.client_message_id}${known}`;
}

function of(message: MessageView): string {
  return message.delivered_to === null
    ? ""
    : ` (${message.delivered_to.reached} of ${message.delivered_to.of} subscribers)`;
}

async function readContent(context: CommandContext): Promise<Body> {
  const file = context.option("file");
  const text = context.positionals[1];
  if (file !== undefined && text !== undefined) throw usage(command, "text and --file are both given");
  if (file !== undefined) return readBody({ file });
  if (text !== undefined && text !== "-") return { message: text };
  if (text === undefined && context.stdin.isTTY === true)
    throw usage(command, "there is no message: give a text, --file F, or pipe one in");
  return readBody(context.stdin);
}

function readRequest(context: CommandContext, to: string, content: Body): SendRequest {
  const id = context.option("id");
  const meta = context.option("meta");
  const priority = context.option("priority");
  const replyTo = context.option("reply-to");
  const contentType = context.option("content-type");
  const mentions = context.options("mention");
  if (priority !== undefined && priority !== "now" && priority !== "next" && priority !== "low")
    throw usage(command, `--priority ${priority}: it is now, next or low`);
  return {
    to,
    ...content,
    ...(id === undefined ? {} : { client_message_id: id }),
    ...(meta === undefined ? {} : { meta: readMeta(meta) }),
    ...(priority === undefined ? {} : { priority }),
    ...(replyTo === undefined ? {} : { reply_to: replyTo }),
    ...(contentType === undefined ? {} : { content_type: contentType }),
    ...(mentions.length === 0 ? {} : { mentions }),
  };
}

/** Shape only; the daemon checks the content with its strict reader. */
function readMeta(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Answered below, like JSON that is no object.
  }
  throw usage(command, "--meta is not a JSON object", "for example --meta '{\"build\": 42}'");
}

function readStage(text: string | undefined): "accepted" | "delivered" | null {
  if (text === undefined) return null;
  if (text === "accepted" || text === "delivered") return text;
  throw usage(command, `--wait ${text}: it is accepted or delivered`);
}
