import * as z from "zod";
import { checkName } from "../../protocol/address.ts";
import { limits } from "../../protocol/limits.ts";
import { idempotencyKey, tool } from "../tool.ts";

const output = z.object({
  state: z
    .enum(["done", "ready", "dead", "extended"])
    .describe("ready: given back. dead: given back for the last time."),
  history_id: z.number(),
  lease_until: z.string().nullable(),
  available_at: z.string().nullable(),
});

export const finishWork = tool({
  name: "finish_work",
  title: "Finish, give back or extend work",
  description:
    "Say what became of claimed work. done: nobody gets it again. give_back: somebody else gets it. extend: you need longer.",
  input: z.strictObject({
    queue: z.string().describe("The queue it was claimed from."),
    lease_id: z.string().max(64).describe("As claim_work answered."),
    outcome: z.enum(["done", "give_back", "extend"]),
    reason: z.string().max(limits.nackReasonCharsMax).optional().describe("With give_back: why."),
    delay_s: z
      .int()
      .min(0)
      .max(limits.nackDelayMsMax / 1_000)
      .optional()
      .describe("With give_back: how long nobody gets it."),
    lease_s: z
      .int()
      .min(limits.leaseMsMin / 1_000)
      .max(limits.leaseMsMax / 1_000)
      .optional()
      .describe("With extend: seconds from now; default 600."),
    ...idempotencyKey,
  }),
  output,
  repeats: "here",
  async run({ queue, lease_id, outcome, reason, delay_s, lease_s = 600 }, call) {
    const name = checkName(queue.replace(/^queue:/, ""), "queue");
    if (outcome === "extend") {
      const extended = await call.ask((client, options) => client.queues.extend(name, lease_id, { lease_s }, options));
      const structured = { state: "extended" as const, ...extended, available_at: null };
      return { text: `extended: yours until ${extended.lease_until}`, structured };
    }
    const choice = { ...(reason === undefined ? {} : { reason }), ...(delay_s === undefined ? {} : { delay_s }) };
    const ended = await call.ask((client, options) =>
      outcome === "done"
        ? client.queues.ack(name, lease_id, options)
        : client.queues.nack(name, lease_id, choice, options),
    );
    const texts = {
      done: "done: nobody gets it again",
      ready: `given back: available at ${ended.available_at ?? "once"}`,
      dead: "given back for the last time: it is a dead letter now",
    };
    return { text: `${texts[ended.state]} (message ${ended.history_id})`, structured: { ...ended, lease_until: null } };
  },
});
