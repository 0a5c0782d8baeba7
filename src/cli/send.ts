import type { Client } from "../client/client.ts";
import { type Meta, metaFromText, naming } from "../client/json-profile.ts";
import { parseAddress } from "../protocol/address.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { bodyBytesMax } from "../protocol/envelope.ts";
import { limits } from "../protocol/limits.ts";
import type { SendRequest, SendResult } from "../protocol/local-api.ts";
import { attach } from "./attach.ts";
import { awaitStage, type Waiting, waitStages } from "./await-stage.ts";
import { choice } from "./choice.ts";
import type { Command, CommandContext } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { exitCodes } from "./exit-codes.ts";
import { reachedText } from "./message-state.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { type Body, readBody, textBody } from "./read-body.ts";
import { sendLines } from "./send-lines.ts";

const waitTimeoutMs = 30_000;
/** No mesh takes less; longer texts are measured by what this mesh takes. */
const inlineBytesMin = 1_024;
const emptyHint = "quote a text that begins with #; after `-`, what is piped in may be empty";

export const command: Command = {
  name: "send",
  summary: "Send a message; answers as soon as it is on disk here",
  usage: "send <address> [text | - | --file F | --lines] [--attach F] [options]",
  options: {
    file: { type: "string", value: "F", help: "the message is this file's content", complete: "file" },
    attach: {
      type: "string",
      value: "F",
      multiple: true,
      help: "a file that travels with the message, sealed as it is; may be repeated",
      complete: "file",
    },
    lines: {
      type: "boolean",
      help: "every line of standard input is a message of its own, sent as soon as it is read; empty lines are left out",
    },
    id: {
      type: "string",
      value: "ID",
      help: "the message's id: the same id with the same message is sent once, however often it is tried; with --lines the ids are ID-1, ID-2, … by the number of the line",
    },
    meta: { type: "string", value: "JSON", help: "an object that travels beside the body, visible to the broker" },
    priority: { type: "string", value: "P", help: "now, next (default) or low", complete: ["now", "next", "low"] },
    "reply-to": { type: "string", value: "ID", help: "broker_message_id of the message this one answers" },
    mention: {
      type: "string",
      value: "@x",
      multiple: true,
      help: "a member who is mentioned; may be repeated",
      complete: "member",
    },
    "content-type": { type: "string", value: "TYPE", help: "media type of the message" },
    wait: {
      type: "string",
      value: "STAGE",
      help: "wait until it is queued (on disk here), accepted (stored by the broker), delivered (stored at the receiver; of a topic at every subscriber), injected (handed to a live session of the receiver) or read; with --lines the last line",
      complete: waitStages,
    },
    timeout: {
      type: "string",
      value: "30s",
      help: "how long --wait waits; then the exit code tells what was reached: 5 queued, 9 accepted, 10 delivered, 11 injected",
    },
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
  related: ["inbox", "messages show", "outbox list", "help addresses", "help ids", "help delivery"],
  examples: [
    'send @bob "the build is green"',
    "send '#builds' --file report.md --wait delivered",
    "make 2>&1 | claudemesh send @oncall - --id build-42",
    'send @bob "the report" --attach report.pdf --attach figures.csv',
    "tail -f log | claudemesh send '#builds' --lines",
  ],
  async run(context) {
    const { positionals, out, signal } = context;
    requireWords(command, positionals, 1, 2);
    const [to = ""] = positionals;
    const { kind } = parseAddress(to);
    const waiting = readWaiting(context, kind);
    const fields = readFields(context, to);
    const source = readSource(context);
    const client = context.client();
    if (source.kind === "lines")
      return sendLines(context, client, { fields, waiting, bytesMax: await meshLimit(client, signal) });
    const content = await readContent(source, client, signal);
    const files = context.options("attach");
    // On disk at the daemon before the message is: the same files give the same message, however often it is tried.
    const attachments = files.length === 0 ? {} : { attachments: await attach(context, client, files) };
    const request = { ...fields, ...content, ...attachments };
    const sent = await client.send(request, { signal });
    if (waiting === null || waiting.stage === "queued") {
      if (context.flag("json")) out.json(sent);
      else out.line(sentText(sent));
      return exitCodes.ok;
    }
    if (!context.flag("json")) out.note(sentText(sent));
    return wait(context, client, sent, waiting);
  },
};

async function wait(context: CommandContext, client: Client, sent: SendResult, waiting: Waiting): Promise<number> {
  const { out } = context;
  const { message, known, exitCode, error } = await awaitStage(context, client, sent, waiting);
  const reached = reachedText(message);
  if (context.flag("json")) out.json({ ...sent, ...message });
  else out.line(`${known} ${sent.client_message_id}${reached === null ? "" : ` (${reached})`}`);
  if (error === null) return exitCode;
  const { code, message: why, hint, retryable } = error;
  if (context.flag("json")) out.noteJson({ code, message: why, hint, retryable });
  else {
    out.note(`error: ${why} (${code})`);
    out.note(`hint: ${hint}`);
  }
  return exitCode;
}

/** Says only what is true: `queued` is on disk here, `accepted` is stored by the broker. */
function sentText(sent: SendResult): string {
  if (sent.state === "done")
    return `accepted ${sent.client_message_id} (it was already, as ${sent.broker_message_id ?? ""})`;
  const known = sent.duplicate ? " (it was already)" : "";
  return `queued ${sent.client_message_id}${known}`;
}

type Source =
  | { readonly kind: "lines" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bytes"; readonly from: Parameters<typeof readBody>[0]; readonly isNamed: boolean };

function readSource(context: CommandContext): Source {
  const file = context.option("file");
  const text = context.positionals[1];
  if (context.flag("lines")) {
    if (file !== undefined || (text !== undefined && text !== "-"))
      throw usage(command, "--lines reads standard input: give neither a text nor --file with it");
    if (context.options("attach").length > 0) throw usage(command, "--attach goes with one message, not with --lines");
    return { kind: "lines" };
  }
  if (file !== undefined && text !== undefined) throw usage(command, "text and --file are both given");
  if (file !== undefined) return { kind: "bytes", from: { file }, isNamed: true };
  if (text !== undefined && text !== "-") return { kind: "text", text };
  // Files may be all that there is to say; what is piped in is then read where `-` says so.
  if (text === undefined && context.options("attach").length > 0) return { kind: "text", text: "" };
  if (text === undefined && context.stdin.isTTY === true)
    throw usage(command, "there is no message: give a text, --file F, or pipe one in");
  return { kind: "bytes", from: context.stdin, isNamed: text === "-" };
}

async function readContent(
  source: Exclude<Source, { kind: "lines" }>,
  client: Client,
  signal: AbortSignal,
): Promise<Body> {
  if (source.kind === "bytes") {
    const body = await readBody(source.from, await meshLimit(client, signal));
    // In a script, `send @bob #42` is `send @bob`: the shell takes the rest for a comment.
    if (!source.isNamed && "message" in body && body.message === "")
      throw usage(command, "there is no message: no text is given, and nothing is piped in", emptyHint);
    return body;
  }
  const short = Buffer.byteLength(source.text) <= inlineBytesMin;
  return textBody(source.text, short ? inlineBytesMin : await meshLimit(client, signal));
}

/** Bytes of one message in this mesh, so that what is too large is refused before anything is read or sent. */
async function meshLimit(client: Client, signal: AbortSignal): Promise<number> {
  // Absent in the answer of an older daemon.
  const { inline_bytes }: { readonly inline_bytes?: number } = await client.version({ signal });
  return inline_bytes ?? bodyBytesMax(limits.inlineBytes);
}

function readFields(context: CommandContext, to: string): SendRequest {
  const id = context.option("id");
  const meta = context.option("meta");
  const priority = choice(command, "--priority", context.option("priority"), ["now", "next", "low"]);
  const replyTo = context.option("reply-to");
  const contentType = context.option("content-type");
  const mentions = context.options("mention");
  return {
    to,
    ...(id === undefined ? {} : { client_message_id: id }),
    ...(meta === undefined ? {} : { meta: readMeta(meta) }),
    ...(priority === null ? {} : { priority }),
    ...(replyTo === undefined ? {} : { reply_to: replyTo }),
    ...(contentType === undefined ? {} : { content_type: contentType }),
    ...(mentions.length === 0 ? {} : { mentions }),
  };
}

/** By the strict reader: JSON.parse would hide what is refused, a key that occurs twice or an integer that it changes. */
function readMeta(text: string): Meta {
  return naming("--meta", "give a JSON object, for example --meta '{\"build\": 42}'", () => metaFromText(text));
}

function readWaiting(context: CommandContext, kind: "member" | "topic" | "queue"): Waiting | null {
  const stage = choice(command, "--wait", context.option("wait"), waitStages);
  const timeout = context.option("timeout");
  if (stage === null && timeout !== undefined) throw usage(command, "--timeout limits --wait, which is not given");
  if (stage === null) return null;
  if (kind === "queue" && stage !== "queued" && stage !== "accepted")
    throw new ClaudemeshError(
      "usage",
      `--wait ${stage}: of a queue's message no more is told than that it is accepted`,
      {
        hint: "--wait accepted waits until the broker has it; claudemesh queue list shows what a queue still holds",
      },
    );
  if ((stage === "read" || stage === "injected") && kind === "topic")
    throw new ClaudemeshError("usage", `--wait ${stage}: subscribers of a topic do not tell what became of it there`, {
      hint: "--wait delivered waits until every subscriber has it",
    });
  return { stage, timeoutMs: timeout === undefined ? waitTimeoutMs : parseDuration(timeout, "--timeout") };
}
