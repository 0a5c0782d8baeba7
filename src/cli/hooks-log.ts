import type { HookRunView } from "../protocol/hooks-api.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { hookWords, typedHook } from "./hook-name.ts";
import { pageOptions, readPageOptions } from "./page-options.ts";
import { requireWords } from "./parse-arguments.ts";
import { oneLine } from "./printable.ts";
import { table } from "./table.ts";

const defaultLimit = 50;
const remarkCharsMax = 120;

export const command: Command = {
  name: "hooks log",
  summary: "List the runs of hooks, newest first: what waits, what runs, and how the others ended",
  usage: "hooks log [<hook>] [--failed] [--limit N] [--cursor C] [--json]",
  options: {
    failed: { type: "boolean", help: "only those that did not end well" },
    ...pageOptions(defaultLimit),
  },
  words: [hookWords],
  exits: ["notRunning"],
  related: ["hooks list", "hooks test"],
  examples: ["hooks log", "hooks log on-dm --failed"],
  async run(context) {
    const { client, out, positionals, flag, signal } = context;
    requireWords(command, positionals, 0, 1);
    const hook = positionals[0] === undefined ? null : typedHook(command, positionals[0]);
    const page = await client().hooks.runs(
      {
        ...readPageOptions(command, context, defaultLimit),
        ...(hook === null ? {} : { hook }),
        ...(flag("failed") ? { failed: true } : {}),
      },
      { signal },
    );
    if (flag("json")) {
      out.json(page);
      return exitCodes.ok;
    }
    if (page.items.length === 0) out.note("no such runs");
    else
      for (const line of table([["RUN", "HOOK", "EVENT", "AT", "END", ""], ...page.items.map(cells)])) out.line(line);
    const same = `${hook === null ? "" : ` ${hook}`}${flag("failed") ? " --failed" : ""}`;
    if (page.next_cursor !== null) out.note(`more: claudemesh hooks log${same} --cursor ${page.next_cursor}`);
    return exitCodes.ok;
  },
};

function cells(run: HookRunView): string[] {
  const end = run.outcome ?? run.state;
  const code = run.exit_code === null || run.exit_code === 0 ? "" : ` ${run.exit_code}`;
  const remarks = [
    ...(run.runs > 1 ? [`${run.runs} events`] : []),
    ...(run.signal === null ? [] : [run.signal]),
    ...(run.attempts > 1 ? [`attempt ${run.attempts}`] : []),
    ...(run.reason === null ? [] : [run.reason]),
    ...(run.reply === null ? [] : [`replied: ${run.reply}`]),
    ...(run.said === null ? [] : [run.said]),
  ];
  return [
    String(run.run_id),
    run.hook,
    run.event_id === null ? run.event : `${run.event} ${run.event_id}`,
    run.ended_at ?? run.started_at ?? run.queued_at,
    `${end}${code}`,
    oneLine(remarks.join("; "), remarkCharsMax),
  ];
}
