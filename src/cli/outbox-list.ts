import type { OutboxRowView, OutboxStatus } from "../protocol/local-api.ts";
import { limits } from "../protocol/limits.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { oneLine } from "./printable.ts";
import { table } from "./table.ts";

const states: readonly OutboxStatus[] = ["pending", "inflight", "done", "dead", "aborted"];

export const command: Command = {
  name: "outbox list",
  summary: "List the messages sent from here, oldest first",
  usage: "outbox list [--state STATE] [--limit N] [--json]",
  options: {
    state: { type: "string", value: "STATE", help: states.join(", ") },
    limit: { type: "string", value: "N", help: "how many at most, 50 by default" },
    cursor: { type: "string", value: "C", help: "go on where the last list ended" },
  },
  examples: ["outbox list", "outbox list --state dead"],
  async run({ client, out, positionals, option, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const state = states.find((known) => known === option("state"));
    if (option("state") !== undefined && state === undefined)
      throw usage(command, `--state ${option("state")}: it is one of ${states.join(", ")}`);
    const limit = Number(option("limit") ?? 50);
    if (!Number.isInteger(limit) || limit < 1 || limit > limits.pageItemsMax)
      throw usage(command, `--limit ${option("limit")}: it is a number from 1 to ${limits.pageItemsMax}`);
    const cursor = option("cursor");
    const page = await client().outbox.list(
      { limit, ...(state === undefined ? {} : { state }), ...(cursor === undefined ? {} : { cursor }) },
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
      out.note(
        `more: claudemesh outbox list --cursor ${page.next_cursor}${state === undefined ? "" : ` --state ${state}`}`,
      );
    return exitCodes.ok;
  },
};

function cells(row: OutboxRowView): string[] {
  const why = row.outcome_unknown
    ? "outcome unknown"
    : row.last_error === null
      ? ""
      : oneLine(`${row.last_error.code}: ${row.last_error.message}`, 60);
  return [String(row.outbox_id), row.status, row.to, row.enqueued_at, row.client_message_id, why];
}
