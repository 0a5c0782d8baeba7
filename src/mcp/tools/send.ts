import * as z from "zod";
import { type Address, parseAddress } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import type { MessageView, SendRequest, SendResult } from "../../protocol/local-api.ts";
import { mcpLimits } from "../mcp-limits.ts";
import { type Answer, type Call, idempotencyKey, tool } from "../tool.ts";

const awaited = ["accepted", "delivered", "injected", "read"] as const;

/** The fields by which any tool tells what is true of a message that it has sent. */
export const sentOutput = z.object({
  state: z
    .enum(["queued", ...awaited])
    .describe("The newest stage that is true. queued: on disk here, not yet at the broker."),
  idempotency_key: z
    .string()
    .describe("Names this message: the same call with it sends nothing twice, and tells its state."),
  duplicate: z.boolean().describe("It had been handed over before; nothing was sent again."),
  to: z.string(),
  note: z.string(),
});

export const waiting = {
  wait_for: z.enum(awaited).optional().describe("Answer only when this is true of it, or wait_s is over."),
  wait_s: z.int().min(1).max(mcpLimits.waitSecondsMax).optional().describe("Default 10."),
};

export const messageText = z.string().min(1).max(limits.localBodyBytesMax);

export const send = tool({
  name: "send",
  title: "Send a message",
  description:
    "Send a message to another agent, a member, a topic or a queue. It is safe once this answers, and arrives by itself even if the receiver is away. The state says what is known: queued is not accepted, accepted is not delivered, delivered is not read.",
  input: z.strictObject({
    to: z.string().describe("@member, @member/agent, #topic or queue:name. The tool peers lists them."),
    message: messageText,
    priority: z
      .enum(["now", "next", "low"])
      .optional()
      .describe("now interrupts; next (default) comes at the next pause; low wakes nobody."),
    mentions: z.array(z.string()).max(limits.mentionsMax).optional().describe("Addresses that the message is about."),
    reply_to: z.string().optional().describe("id of a message that this answers; the tool reply sets it by itself."),
    ...waiting,
    ...idempotencyKey,
  }),
  output: sentOutput,
  repeats: "daemon",
  async run({ to, message, priority, mentions, reply_to, wait_for, wait_s }, call) {
    const request = {
      to,
      message,
      ...(priority === undefined ? {} : { priority }),
      ...(mentions === undefined ? {} : { mentions }),
      ...(reply_to === undefined ? {} : { reply_to }),
    };
    return sendAndTell(request, { stage: wait_for, seconds: wait_s }, call);
  },
});

export interface Awaited {
  readonly stage: (typeof awaited)[number] | undefined;
  readonly seconds: number | undefined;
}

/** Sends in the name of this session's agent, waits for what was asked for, and says only what is true. */
export async function sendAndTell(
  request: SendRequest,
  { stage, seconds = 10 }: Awaited,
  call: Call,
): Promise<Answer<z.output<typeof sentOutput>>> {
  const address = parseAddress(request.to);
  checkStage(stage, address);
  const sent = await sendNamed(request, call);
  const told = { to: request.to, address, sent, key: sent.client_message_id };
  if (stage === undefined)
    return answer(told, sent.state === "done" ? "accepted" : "queued", await linkNote(sent, call));
  const timeoutMs = seconds * 1_000;
  try {
    const message = await call.ask((client, options) =>
      client.waitFor(String(sent.outbox_id), stage, { ...options, timeoutMs }),
    );
    return answer(told, newest(message));
  } catch (thrown) {
    const message = thrown instanceof ClaudemeshError ? thrown.details["message"] : undefined;
    const isLate = thrown instanceof ClaudemeshError && thrown.code === "timed_out" && message !== undefined;
    // What it ended by is an error; that it is slow is none.
    if (!isLate) throw thrown;
    return answer(told, newest(message as MessageView), `not ${stage} within ${seconds} s; it stays on its way`);
  }
}

/** In the name of this session's agent, where the daemon has agents. */
async function sendNamed(request: SendRequest, call: Call): Promise<SendResult> {
  const message = { ...request, client_message_id: call.key };
  const sendAs = (own: { readonly from_agent?: string }): Promise<SendResult> =>
    call.ask((client, options) => client.send({ ...message, ...own }, options));
  if ((await call.session.named(call.signal)) === null) return sendAs({});
  return call.session.asAgent(call.signal, ({ agent }) => sendAs({ from_agent: agent }));
}

function checkStage(stage: Awaited["stage"], { kind }: Address): void {
  const never =
    kind === "queue" && stage !== "accepted"
      ? "of a queue's message no more is told than that it is accepted"
      : kind === "topic" && (stage === "injected" || stage === "read")
        ? "subscribers of a topic do not tell what they have read"
        : null;
  if (stage === undefined || never === null) return;
  throw new ClaudemeshError("invalid_field", `wait_for ${stage}: ${never}`, {
    hint: kind === "queue" ? "wait_for accepted, or none" : "wait_for delivered, or none",
  });
}

/** Why a queued message may stay so for a while. */
async function linkNote(sent: SendResult, call: Call): Promise<string | null> {
  if (sent.state === "done") return null;
  const health = await call.ask((client, options) => client.health(options)).catch(() => null);
  if (health === null || health.link.state === "connected") return null;
  return "the link to the broker is down: it goes out by itself when the link is back";
}

function newest(message: MessageView): z.output<typeof sentOutput>["state"] {
  return message.stages.at(-1)?.stage ?? "queued";
}

/** What each stage means, and what it does not. */
const meanings = {
  queued: "on disk on this host; it goes to the broker by itself",
  accepted: "stored by the broker; not yet at the receiver",
  delivered: "stored at the receiver's host; not yet before the agent",
  injected: "before the receiving agent; not known to be read",
  read: "the receiver has read it",
} as const;

const meaningsOfMany = {
  ...meanings,
  accepted: "stored by the broker, for whoever receives there",
  delivered: "stored at every subscriber's host; who has read it is not told",
} as const;

function answer(
  { to, address, sent, key }: { to: string; address: Address; sent: SendResult; key: string },
  state: z.output<typeof sentOutput>["state"],
  more: string | null = null,
): Answer<z.output<typeof sentOutput>> {
  const meaning = (address.kind === "member" ? meanings : meaningsOfMany)[state];
  const note = [
    meaning,
    ...(sent.duplicate ? ["handed over before, not sent again"] : []),
    ...(more === null ? [] : [more]),
  ].join("; ");
  return {
    text: `${state}: the message to ${to} is ${note}\nidempotency_key: ${key}`,
    structured: { state, idempotency_key: key, duplicate: sent.duplicate, to, note },
  };
}
