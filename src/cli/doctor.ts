import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { plural } from "./plural.ts";
import { unbroken } from "./printable.ts";
import type { Finding } from "./launcher.ts";
import type { Output } from "./output.ts";

export const command: Command = {
  name: "doctor",
  summary: "Look for what is wrong in this home, and say what helps",
  usage: "doctor [--json]",
  options: {},
  examples: ["doctor", "doctor --json"],
  related: ["status", "logs"],
  async run({ launcher, out, positionals, home, flag }) {
    requireWords(command, positionals, 0, 0);
    const answer = await (await launcher()).doctor(home);
    if (flag("json")) out.json(answer);
    else {
      for (const finding of worstFirst(answer.checks)) print(out, finding);
      const [problems, warnings] = [count(answer.checks, "problem"), count(answer.checks, "warning")];
      out.line(
        `${plural(answer.checks.length, "finding")}: ${plural(problems, "problem")}, ${plural(warnings, "warning")}`,
      );
    }
    return answer.ok ? exitCodes.ok : exitCodes.error;
  },
};

/** What has to be done comes first; among equals the order of the answer stays. */
function worstFirst(checks: readonly Finding[]): readonly Finding[] {
  const order = ["problem", "warning", "ok"] as const;
  return order.flatMap((state) => checks.filter((finding) => finding.state === state));
}

function print(out: Output, { name, state, message, hint }: Finding): void {
  const paint = { ok: out.paint.green, warning: out.paint.yellow, problem: out.paint.red }[state];
  out.line(`${paint(state.padEnd(7))}  ${unbroken(name)}: ${unbroken(message)}`);
  if (hint !== null) out.line(`         what helps: ${unbroken(hint)}`);
}

function count(checks: readonly Finding[], state: Finding["state"]): number {
  return checks.filter((finding) => finding.state === state).length;
}
