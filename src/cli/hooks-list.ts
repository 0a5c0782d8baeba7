import { dirname, join } from "node:path";
import type { HooksView, HookView } from "../protocol/hooks-api.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { unbroken } from "./printable.ts";
import { table } from "./table.ts";

export const command: Command = {
  name: "hooks list",
  summary: "List the hooks: programs that the daemon calls when something happens",
  usage: "hooks list [--json]",
  options: {},
  exits: ["notRunning"],
  related: ["hooks enable", "hooks test", "hooks log"],
  examples: ["hooks list"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const view = await client().hooks.list({ signal });
    if (flag("json")) {
      out.json(view);
      return exitCodes.ok;
    }
    if (view.hooks.length === 0)
      out.note(
        `no hooks yet: put a program at ${unbroken(join(dirname(view.path), "hooks", "on-dm"))}, then: claudemesh hooks enable on-dm`,
      );
    else
      for (const line of table([["HOOK", "ENABLED", "WAITING", "RUNNING", "LAST RUN", ""], ...view.hooks.map(cells)]))
        out.line(line);
    if (view.hooks.length > 0) out.note(containedBy(view.containment));
    if (view.off !== null) out.note(`notice: no hook runs here: ${unbroken(view.off)}`);
    return exitCodes.ok;
  },
};

function containedBy({ by, missing }: HooksView["containment"]): string {
  if (by !== null) return `contained by ${by}`;
  return `notice: nothing contains hooks here, so that none runs but with unenforced = "run": ${unbroken(missing.join("; "))}`;
}

function cells({ hook, settings, waiting, running, last_run: last, fault }: HookView): string[] {
  const ended = last === null ? "-" : `${last.outcome ?? last.state} ${last.ended_at ?? ""}`.trimEnd();
  return [hook, settings.enabled ? "yes" : "no", String(waiting), String(running), ended, fault ?? ""];
}
