import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import type { InstallAnswer } from "./launcher.ts";
import type { Output } from "./output.ts";
import { requireWords, usage } from "./parse-arguments.ts";

export const command: Command = {
  name: "install-service",
  summary: "Have the system start this home's daemons by itself: systemd, launchd, or the Task Scheduler of Windows",
  usage: "install-service [--mesh SLUG] [--broker] [--system [--as USER]] [--no-start] [--dry-run] [--force]",
  options: {
    broker: { type: "boolean", help: "also this home's own broker, in a service beside" },
    system: { type: "boolean", help: "from the start of the machine, whoever is logged in; only root can" },
    as: { type: "string", value: "USER", help: "whom a service of the system runs as; by default whose home it is" },
    "no-start": { type: "boolean", help: "start it at the next log-in or start of the machine, not now" },
    "dry-run": { type: "boolean", help: "show the files and commands; nothing is done" },
    force: { type: "boolean", help: "also in a CI job, whose end it would not outlive" },
  },
  examples: ["install-service", "install-service --dry-run", "install-service --system --as claudemesh"],
  exits: ["notRunning", "conflict"],
  related: ["uninstall-service", "daemon run", "status"],
  async run({ launcher, out, positionals, home, option, flag }) {
    requireWords(command, positionals, 0, 0);
    const user = option("as") ?? null;
    if (user !== null && !flag("system"))
      throw usage(command, "--as is of a service of the system; one of a user is the user's who installs it");
    const answer = await (await launcher()).installService({
      home,
      // Only what is typed here: a default for other commands must not leave out the other daemons.
      mesh: option("mesh") ?? null,
      scope: flag("system") ? "system" : "user",
      user,
      broker: flag("broker"),
      start: !flag("no-start"),
      dryRun: flag("dry-run"),
      force: flag("force"),
    });
    for (const notice of answer.notices) out.note(`notice: ${notice}`);
    if (flag("json")) out.json(answer);
    else print(out, answer);
    return exitCodes.ok;
  },
};

function print(out: Output, { services, commands, dry_run: dryRun, files, runs }: InstallAnswer): void {
  for (const [index, { path, change }] of services.entries()) {
    out.line(
      dryRun ? `# ${path} (${change === "unchanged" ? "is so already" : `would be ${change}`})` : `${change} ${path}`,
    );
    const text = files[index];
    if (text !== undefined) for (const line of text.trimEnd().split("\n")) out.line(line);
  }
  for (const call of commands) out.line(dryRun ? `# then: ${call}` : `ran ${call}`);
  for (const sentence of runs) out.line(sentence);
}
