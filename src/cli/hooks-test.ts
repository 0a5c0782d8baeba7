import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { hookWords, typedHook } from "./hook-name.ts";
import { requireWords } from "./parse-arguments.ts";
import { printable, unbroken } from "./printable.ts";

/** As long as a hook may run, with the time that it has to end. */
const testTimeoutMs = 3_620_000;

export const command: Command = {
  name: "hooks test",
  summary: "Call a hook with an event that is made up, and show what it does; no reply of it is sent",
  usage: "hooks test <hook> [--json]",
  options: {},
  words: [hookWords],
  exits: ["notRunning"],
  related: ["hooks enable", "hooks log"],
  examples: ["hooks test on-dm"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 1, 1);
    const hook = typedHook(command, positionals[0] ?? "");
    const tested = await client().hooks.test(hook, { signal, timeoutMs: testTimeoutMs });
    const code = tested.outcome === "ok" && tested.reason === null ? exitCodes.ok : exitCodes.error;
    if (flag("json")) {
      out.json(tested);
      return code;
    }
    const how = tested.signal ?? (tested.exit_code === null ? null : `exit code ${tested.exit_code}`);
    const time = tested.duration_ms === null ? "" : ` after ${tested.duration_ms} ms`;
    out.line(`${hook}: ${tested.outcome}${how === null ? "" : ` (${how})`}${time}`);
    if (tested.reason !== null) out.line(unbroken(tested.reason));
    if (tested.enforced === false) out.note("notice: it ran as this user; nothing here holds it to its policies");
    if (tested.output !== "")
      out.line(`standard output${tested.output_cut ? ", cut" : ""}:\n${printable(tested.output.trimEnd())}`);
    if (tested.said !== null) out.line(`standard error:\n${printable(tested.said.trimEnd())}`);
    if (tested.replies) out.line("it would have replied");
    return code;
  },
};
