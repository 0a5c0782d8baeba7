import { choice } from "./choice.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";

const jobs = ["retention", "dedupe", "files", "ephemeral", "check", "mentions"] as const;

export const command: Command = {
  name: "broker upkeep",
  summary: "Run one of the broker's upkeep jobs now, beside its traffic",
  usage: `broker upkeep <${jobs.join(" | ")}> [--dry-run] [--json]`,
  options: { "dry-run": { type: "boolean", help: "say what would be done, and do nothing" } },
  words: [jobs],
  exits: ["notRunning"],
  related: ["broker status", "doctor"],
  examples: ["broker upkeep check", "broker upkeep retention --dry-run", "broker upkeep mentions"],
  async run({ launcher, home, out, positionals, flag }) {
    requireWords(command, positionals, 1, 1);
    const job = choice(command, "the job", positionals[0], jobs) ?? "check";
    const { operator } = await launcher();
    out.progress(`${job} runs`);
    const report = await operator.upkeep(home, job, flag("dry-run"));
    const found = job === "check" && (report["findings"] ?? 0) > 0;
    if (flag("json")) {
      out.json({ job, dry_run: flag("dry-run"), report });
      return found ? exitCodes.error : exitCodes.ok;
    }
    const figures = Object.entries(report).map(([name, count]) => `${name.replaceAll("_", " ")} ${count}`);
    out.line(`${job}${flag("dry-run") ? " would do" : ""}: ${figures.join(", ")}`);
    if (found) out.note("what was found is in the broker's log: claudemesh broker logs --level error");
    return found ? exitCodes.error : exitCodes.ok;
  },
};
