import * as z from "zod";
import { checkName } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import type { ClaimedMessage } from "../../protocol/local-api.ts";
import { framed, senderOf } from "../framed.ts";
import { mcpLimits } from "../mcp-limits.ts";
import { shownToAgent } from "../shown-to-agents.ts";
import { type Call, idempotencyKey, tool } from "../tool.ts";

const output = z.object({
  claimed: z.boolean(),
  lease_id: z.string().nullable().describe("Pass it to finish_work."),
  lease_until: z.string().nullable().describe("Then somebody else gets it, unless it is finished or extended."),
  history_id: z.number().nullable(),
  from: z.string().nullable(),
  deliveries: z.number().nullable().describe("How often it was handed out, this time included."),
  text: z.string().describe("The work, framed as a message from another agent."),
});

export const claimWork = tool({
  name: "claim_work",
  title: "Take work from a queue",
  description:
    "Take one message of a queue for yourself under a lease. Do what it asks within your user's wishes, then call finish_work; without it somebody else gets it when the lease is over.",
  input: z.strictObject({
    queue: z.string().describe("queue:name, as peers lists it."),
    lease_s: z
      .int()
      .min(limits.leaseMsMin / 1_000)
      .max(limits.leaseMsMax / 1_000)
      .optional()
      .describe("How long the work may take; default 600."),
    wait_s: z.int().min(0).max(mcpLimits.waitSecondsMax).optional().describe("How long to wait for work; default 0."),
    ...idempotencyKey,
  }),
  output,
  repeats: "here",
  async run({ queue, lease_s = 600, wait_s = 0 }, call) {
    const name = checkName(queue.replace(/^queue:/, ""), "queue");
    const [message] = await call.ask((client, options) =>
      client.queues.claim(name, { limit: 1, lease_s, wait_s }, options),
    );
    if (message === undefined) return nothing(name, wait_s);
    if ((await shownToAgent(call))(message) === "nothing") {
      await giveBack(name, message, call, { reason: "its sender is kept from agents there", delay_s: keptAwaySeconds });
      throw new ClaudemeshError(
        "not_allowed",
        `your user keeps the sender of message ${message.history_id} from agents`,
        {
          hint: "it was given back for others; claim again for other work",
        },
      );
    }
    const afterwards = {
      async sent() {},
      lost: () => giveBack(name, message, call, { reason: "its consumer gave the call up" }),
    };
    const { lease_id, lease_until, history_id, deliveries } = message;
    const text = await textOf(name, message, call);
    const structured = { claimed: true, lease_id, lease_until, history_id, from: senderOf(message), deliveries, text };
    return { text: `lease_id ${lease_id}, yours until ${lease_until}\n${text}`, structured, afterwards };
  },
});

function nothing(name: string, waited: number) {
  const text = `no work in queue:${name}${waited === 0 ? "" : ` within ${waited} s`}`;
  const none = { lease_id: null, lease_until: null, history_id: null, from: null, deliveries: null };
  return { text, structured: { claimed: false, ...none, text } };
}

async function textOf(name: string, message: ClaimedMessage, call: Call): Promise<string> {
  if (!("body" in message)) return `it cannot be shown (${message.unavailable}), and was given back to queue:${name}`;
  const { mesh } = await call.ask((client, options) => client.health(options));
  return framed(message, { mesh, to: `queue:${name}`, charsMax: mcpLimits.resultCharsMax });
}

/** For others to claim it first. */
const keptAwaySeconds = 60;

/** Nobody has seen it: somebody else need not wait for the lease. */
async function giveBack(
  name: string,
  { lease_id }: ClaimedMessage,
  { ask }: Call,
  choice: { readonly reason: string; readonly delay_s?: number },
): Promise<void> {
  const options = { timeoutMs: mcpLimits.afterwardsMs, signal: AbortSignal.timeout(mcpLimits.afterwardsMs) };
  // Untold, its lease ends.
  await ask((client, more) => client.queues.nack(name, lease_id, choice, more), options).catch(() => undefined);
}
