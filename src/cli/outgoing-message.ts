import type { Client } from "../client/client.ts";
import { type Meta, metaFromText, naming } from "../client/json-profile.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { bodyBytesMax } from "../protocol/envelope.ts";
import { limits } from "../protocol/limits.ts";
import type { SendRequest, SendResult } from "../protocol/local-api.ts";
import { attach } from "./attach.ts";
import { awaitStage, type Waiting, waitStages } from "./await-stage.ts";
import { choice } from "./choice.ts";
import type { Command, CommandContext, Option } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { exitCodes } from "./exit-codes.ts";
import { reachedText } from "./message-state.ts";
import { usage } from "./parse-arguments.ts";
import { type Body, readBody, textBody } from "./read-body.ts";
import { agentVariable, sendingAgent } from "./sending-agent.ts";

const waitTimeoutMs = 30_000;
/** No mesh takes less; longer texts are measured by what this mesh takes. */
const inlineBytesMin = 1_024;
const emptyHint = "quote a text that begins with #; after `-`, what is piped in may be empty";

type Names = Pick<Command, "name" | "usage">;

/** What a message says, who sends it and how long is waited for it: of every command that sends one. */
export const messageOptions = {
  file: { type: "string", value: "F", help: "the message is this file's content", complete: "file" },
  attach: {
    type: "string",
    value: "F",
    multiple: true,
    help: "a file that travels with the message, sealed as it is; may be repeated",
    complete: "file",
  },
  id: {
    type: "string",
    value: "ID",
    help: "the message's id: the same id with the same message is sent once, however often it is tried",
  },
  meta: { type: "string", value: "JSON", help: "an object that travels beside the body, visible to the broker" },
  priority: { type: "string", value: "P", help: "now, next (default) or low", complete: ["now", "next", "low"] },
  "content-type": { type: "string", value: "TYPE", help: "media type of the message" },
  "from-agent": {
    type: "string",
    value: "NAME",
    help: `the agent of this member that sends it, to which answers go; by default the one that ${agentVariable} names, else the Claude Code session that this is typed in`,
    complete: "agent",
  },
  wait: {
    type: "string",
    value: "STAGE",
    help: "wait until it is queued (on disk here), accepted (stored by the broker), delivered (stored at the receiver; of a topic at every subscriber), injected (handed to a live session of the receiver) or read",
    complete: waitStages,
  },
  timeout: {
    type: "string",
    value: "30s",
    help: "how long --wait waits; then the exit code tells what was reached: 5 queued, 9 accepted, 10 delivered, 11 injected",
  },
} as const satisfies Readonly<Record<string, Option>>;

/** Tells of a message that is on disk here, and waits for the stage that was asked for. Answers the exit code. */
export async function tellSent(
  context: CommandContext,
  client: Client,
  sent: SendResult,
  waiting: Waiting | null,
): Promise<number> {
  const { out } = context;
  if (waiting === null || waiting.stage === "queued") {
    if (context.flag("json")) out.json(sent);
    else out.line(sentText(sent));
    return exitCodes.ok;
  }
  if (!context.flag("json")) out.note(sentText(sent));
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

export type Source =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bytes"; readonly from: Parameters<typeof readBody>[0]; readonly isNamed: boolean };

/** What the message says: the second word, a file, or standard input. Nothing is read yet. */
export function readSource(command: Names, context: CommandContext): Source {
  const file = context.option("file");
  const text = context.positionals[1];
  if (file !== undefined && text !== undefined) throw usage(command, "text and --file are both given");
  if (file !== undefined) return { kind: "bytes", from: { file }, isNamed: true };
  if (text !== undefined && text !== "-") return { kind: "text", text };
  // Files may be all that there is to say; what is piped in is then read where `-` says so.
  if (text === undefined && context.options("attach").length > 0) return { kind: "text", text: "" };
  if (text === undefined && context.stdin.isTTY === true)
    throw usage(command, "there is no message: give a text, --file F, or pipe one in");
  return { kind: "bytes", from: context.stdin, isNamed: text === "-" };
}

/** The message's body, and the files that travel with it, which the daemon has once this resolves. */
export async function readContent(
  command: Names,
  context: CommandContext,
  source: Source,
  client: Client,
): Promise<Body & Pick<SendRequest, "attachments">> {
  const body = await readText(command, source, client, context.signal);
  const files = context.options("attach");
  // On disk at the daemon before the message is: the same files give the same message, however often it is tried.
  return files.length === 0 ? body : { ...body, attachments: await attach(context, client, files) };
}

async function readText(command: Names, source: Source, client: Client, signal: AbortSignal): Promise<Body> {
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
export async function meshLimit(client: Client, signal: AbortSignal): Promise<number> {
  // Absent in the answer of an older daemon.
  const { inline_bytes }: { readonly inline_bytes?: number } = await client.version({ signal });
  return inline_bytes ?? bodyBytesMax(limits.inlineBytes);
}

/** Who of this member's agents sends it. */
export async function readSender(context: CommandContext, client: Client): Promise<Pick<SendRequest, "from_agent">> {
  const agent = await sendingAgent(context, client);
  return agent === null ? {} : { from_agent: agent };
}

/** All but where it goes, who sends it and what it says. */
export function readFields(command: Names, context: CommandContext): Omit<SendRequest, "to"> {
  const id = context.option("id");
  const meta = context.option("meta");
  const priority = choice(command, "--priority", context.option("priority"), ["now", "next", "low"]);
  const contentType = context.option("content-type");
  return {
    ...(id === undefined ? {} : { client_message_id: id }),
    ...(meta === undefined ? {} : { meta: readMeta(meta) }),
    ...(priority === null ? {} : { priority }),
    ...(contentType === undefined ? {} : { content_type: contentType }),
  };
}

/** By the strict reader: JSON.parse would hide what is refused, a key that occurs twice or an integer that it changes. */
function readMeta(text: string): Meta {
  return naming("--meta", "give a JSON object, for example --meta '{\"build\": 42}'", () => metaFromText(text));
}

export function readWaiting(
  command: Names,
  context: CommandContext,
  kind: "member" | "topic" | "queue",
): Waiting | null {
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
