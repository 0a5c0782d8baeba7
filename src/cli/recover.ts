import type { Command, CommandContext } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import type { RecoverAnswer } from "./recover-answer.ts";
import { requireWords } from "./parse-arguments.ts";
import { plural } from "./plural.ts";
import { unbroken } from "./printable.ts";

/** Rows that are named one by one; --json has them all. */
const namedMax = 20;

export const command: Command = {
  name: "recover",
  summary: "Check the databases of a daemon that does not run, and make damaged ones anew of what they still hold",
  usage: "recover [--mesh SLUG] [--json]",
  options: {},
  examples: ["recover", "recover --mesh team"],
  exits: ["notRunning", "conflict"],
  related: ["doctor", "daemon down", "outbox list"],
  async run(context) {
    requireWords(command, context.positionals, 0, 0);
    const report = await (await context.launcher()).recover(context.home, context.mesh);
    if (context.flag("json")) context.out.json(report);
    else print(context, report);
    return exitCodes.ok;
  },
};

function print({ out, mesh }: CommandContext, report: RecoverAnswer): void {
  if (report.finished_earlier) out.line("an earlier recovery was cut off, and is finished");
  const { outbox, inbox } = report;
  for (const [name, { state, problems, set_aside: aside }] of [
    ["outbox", outbox],
    ["inbox", inbox],
  ] as const) {
    if (state === "sound") out.line(`${name} is sound; nothing was changed`);
    if (state === "missing") out.line(`${name} is not there; the next start makes one`);
    for (const problem of problems) out.note(`${name}: ${unbroken(problem)}`);
    if (aside !== null) out.line(`${name} was damaged; it is kept as ${aside}`);
  }
  if (outbox.salvage !== null) {
    const { saved, held, doubted, lost } = outbox.salvage;
    out.line(`${plural(saved, "row")} of the outbox saved as they were`);
    listed(
      out,
      held.map((row) => `row ${row.outbox_id} is not sent: ${row.reason}`),
    );
    listed(
      out,
      doubted.map((id) => `row ${id} had ended; something of it is damaged`),
    );
    listed(
      out,
      lost.map(
        (row) =>
          `row ${row.outbox_id}${row.client_message_id === null ? "" : ` (${unbroken(row.client_message_id)})`} is lost`,
      ),
    );
    if (held.length > 0)
      out.note("next: claudemesh outbox list --state dead, and claudemesh outbox requeue ROW for what is to be sent");
  }
  if (inbox.salvage !== null)
    out.line(
      `${plural(inbox.salvage.places, "message")} of the inbox kept their places, ${inbox.salvage.read} of them read; the broker's history fills them`,
    );
  if (outbox.salvage !== null || inbox.salvage !== null)
    out.note(`next: claudemesh daemon up${mesh === null ? "" : ` --mesh ${mesh}`}`);
}

function listed(out: CommandContext["out"], lines: readonly string[]): void {
  for (const line of lines.slice(0, namedMax)) out.line(line);
  if (lines.length > namedMax) out.line(`${lines.length - namedMax} more of these: --json`);
}
