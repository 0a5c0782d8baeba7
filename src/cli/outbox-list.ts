import type { OutboxRowView, OutboxStatus } from "../protocol/local-api.ts";
import { choice } from "./choice.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { pageOptions, readPageOptions } from "./page-options.ts";
import { requireWords } from "./parse-arguments.ts";
import { oneLine } from "./printable.ts";
import { table } from "./table.ts";

const defaultLimit = 50;
const remarkCharsMax = 80;
const states: readonly OutboxStatus[] = ["pending", "inflight", "done", "dead", "aborted"];

export const command: Command = {
  name: "outbox list",
  summary: "List the messages sent from here, oldest first",
  usage: "outbox list [--state STATE] [--limit N] [--cursor C] [--json]",
  options: {
    state: { type: "string", value: "STATE", help: states.join(", "), complete: states },
    ...pageOptions(defaultLimit),
  },
  exits: ["notRunning"],
  related: ["outbox inspect", "outbox requeue", "outbox drop", "help delivery"],
  examples: ["outbox list", "outbox list --state dead"],
  async run(context) {
    const { client, out, positionals, option, flag, signal } = context;
    requireWords(command, positionals, 0, 0);
    const state = choice(command, "--state", option("state"), states);
    const page = await client().outbox.list(
      { ...readPageOptions(command, context, defaultLimit), ...(state === null ? {} : { state }) },
      { signal },
    );
    if (flag("json")) {
      out.json(page);
      return exitCodes.ok;
    }
    if (page.items.length === 0) out.note("no such messages");
    else
      for (const line of table([["ROW", "STATUS", "TO", "QUEUED AT", "ID", ""], ...page.items.map(cells)]))
        out.line(line);
    if (page.next_cursor !== null)
      out.note(`more: claudemesh outbox list --cursor ${page.next_cursor}${state === null ? "" : ` --state ${state}`}`);
    return exitCodes.ok;
  },
};

function cells(row: OutboxRowView): string[] {
  const remarks = [
    ...(row.superseded_by === null ? [] : [`superseded by ${row.superseded_by}`]),
    ...(row.supersedes === null ? [] : [`supersedes ${row.supersedes}`]),
    ...(row.outcome_unknown ? ["outcome unknown"] : []),
    ...(row.last_error === null || row.outcome_unknown ? [] : [`${row.last_error.code}: ${row.last_error.message}`]),
  ];
  return [
    String(row.outbox_id),
    row.status,
    row.to,
    row.enqueued_at,
    row.client_message_id,
    oneLine(remarks.join("; "), remarkCharsMax),
  ];
}
