import type { OutboxRowView } from "../protocol/local-api.ts";
import type { Client } from "../client/client.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { printable } from "./printable.ts";
import { rowNumber } from "./row-number.ts";

/** Rows of one chain of requeues that are followed at most. */
const chainMax = 100;

export const command: Command = {
  name: "outbox inspect",
  summary: "Show one message sent from here, with the rows it replaces or that replace it",
  usage: "outbox inspect <row> [--json]",
  options: {},
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
    out.line(
      `row       ${row.outbox_id}  ${row.status}${row.outcome_unknown ? " (outcome unknown: the broker has not said whether it has it)" : ""}`,
    );
    out.line(`id        ${row.client_message_id}`);
    out.line(`to        ${row.to}  ${row.body_bytes} bytes`);
    for (const reached of message.stages) out.line(`${reached.stage.padEnd(9)} ${reached.at}`);
    if (message.delivered_to !== null)
      out.line(`reached   ${message.delivered_to.reached} of ${message.delivered_to.of} subscribers`);
    if (row.broker_message_id !== null)
      out.line(`broker    ${row.broker_message_id}  history ${row.history_id ?? "-"}`);
    out.line(`attempts  ${row.attempts}${row.next_attempt_at === null ? "" : `, next at ${row.next_attempt_at}`}`);
    if (row.last_error !== null) out.line(`error     ${row.last_error.code}: ${printable(row.last_error.message)}`);
    if (row.aborted_at !== null) out.line(`aborted   ${row.aborted_at} by ${row.aborted_by ?? "-"}`);
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
