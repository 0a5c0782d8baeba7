import type { OutboxRowView } from "../protocol/local-api.ts";
import type { Client } from "../client/client.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { messageStateLines } from "./message-state.ts";
import { requireWords } from "./parse-arguments.ts";
import { rowNumber } from "./row-number.ts";

/** Rows of one chain of requeues that are followed at most. */
const chainMax = 100;

export const command: Command = {
  name: "outbox inspect",
  summary: "Show one message sent from here, with the rows it replaces or that replace it",
  usage: "outbox inspect <row> [--json]",
  options: {},
  words: ["row"],
  exits: ["notRunning", "notFound"],
  related: ["outbox list", "help delivery"],
  examples: ["outbox inspect 12"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const daemon = client();
    const row = await daemon.outbox.inspect(rowNumber(command, positionals[0] ?? ""), { signal });
    const message = await daemon.message(String(row.outbox_id), { signal });
    const chain = await chainOf(daemon, row, signal);
    if (flag("json")) {
      out.json({
        ...row,
        stages: message.stages,
        delivered_to: message.delivered_to,
        chain: chain.map((link) => link.outbox_id),
      });
      return exitCodes.ok;
    }
    for (const line of messageStateLines(message, row)) out.line(line);
    if (chain.length > 1) out.line(`chain     ${chain.map((link) => `${link.outbox_id} ${link.status}`).join(" → ")}`);
    if (row.status === "dead")
      out.note(`hint: claudemesh outbox requeue ${row.outbox_id} sends it again under a new id`);
    return exitCodes.ok;
  },
};

async function chainOf(client: Client, row: OutboxRowView, signal: AbortSignal): Promise<readonly OutboxRowView[]> {
  const chain = [row];
  for (let next = row.supersedes; next !== null && chain.length < chainMax; next = chain[0]?.supersedes ?? null) {
    chain.unshift(await client.outbox.inspect(next, { signal }));
  }
  for (
    let next = row.superseded_by;
    next !== null && chain.length < chainMax;
    next = chain.at(-1)?.superseded_by ?? null
  ) {
    chain.push(await client.outbox.inspect(next, { signal }));
  }
  return chain;
}
