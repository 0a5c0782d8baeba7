import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import type { BrokerStatus, DaemonStatus } from "./launcher.ts";
import type { Output } from "./output.ts";
import { requireWords } from "./parse-arguments.ts";
import { unbroken } from "./printable.ts";
import { printMode } from "./up.ts";

export const command: Command = {
  name: "status",
  summary: "Show the daemons and the broker of this home",
  usage: "status [--json]",
  options: {},
  examples: ["status", "status --json"],
  related: ["doctor", "logs"],
  async run({ launcher, out, positionals, home, flag }) {
    requireWords(command, positionals, 0, 0);
    const status = await (await launcher()).status(home);
    if (flag("json")) {
      out.json(status);
      return exitCodes.ok;
    }
    for (const daemon of status.daemons) printDaemon(out, daemon);
    printBroker(out, status.broker);
    if (status.daemons.every(({ state }) => state !== "running")) out.note("hint: claudemesh up");
    return exitCodes.ok;
  },
};

export function printDaemon(out: Output, daemon: DaemonStatus): void {
  out.line(
    `daemon  ${out.paint.bold(daemon.address)} in mesh ${daemon.mesh}: ${coloured(out, daemon.state)}${daemon.pid === null ? "" : ` (pid ${daemon.pid})`}${daemon.read_only ? ", for reading alone" : ""}`,
  );
  out.line(`        socket ${daemon.socket}`);
  if (daemon.http_port !== null)
    out.line(`        http://127.0.0.1:${daemon.http_port}, token in ${daemon.token_file}`);
  printMode(out, daemon, "        ");
  printLink(out, daemon);
  const { membership_trouble: trouble } = daemon;
  if (trouble === null) return;
  out.line(`        ${out.paint.red(trouble.code)}: ${unbroken(trouble.message)}`);
  out.note(`hint: ${trouble.hint}`);
}

/** What keeps it from its broker: why it ended, or what it waits for. */
function printLink(out: Output, { link, last_end: end, read_only: readOnly }: DaemonStatus): void {
  if (end !== null && !readOnly) {
    out.line(
      `        ${out.paint.red(`ended with exit code ${end.exit_code}`)}${end.at === null ? "" : ` at ${unbroken(end.at)}`}: ${unbroken(end.message)}`,
    );
    if (end.other_instance_id !== null)
      out.line(`        the other daemon is instance ${unbroken(end.other_instance_id)}`);
    if (end.hint !== null) out.note(`hint: ${unbroken(end.hint)}`);
  }
  if (link?.receives === false) {
    out.line(`        link ${out.paint.yellow("only sends")}: another daemon with this member's keys receives`);
    out.note("hint: claudemesh mesh concurrency");
  }
  if (link === null || link.state === "connected" || link.last_error === null) return;
  const due = link.next_dial_at === null ? "" : `, until ${link.next_dial_at}`;
  out.line(`        link ${out.paint.yellow(link.state)}${due}: ${unbroken(link.last_error)}`);
}

export function printBroker(out: Output, broker: BrokerStatus): void {
  if (broker.state === "absent") {
    out.line("broker  none in this home");
    return;
  }
  out.line(
    `broker  ${broker.url ?? "never started"}: ${coloured(out, broker.state)}${broker.pid === null ? "" : ` (pid ${broker.pid})`}`,
  );
  if (broker.exposed_url !== null) out.line(`        for other hosts ${broker.exposed_url}`);
  out.line(`        data in ${broker.data_dir ?? ""}`);
}

function coloured(out: Output, state: string): string {
  return state === "running" ? out.paint.green(state) : out.paint.yellow(state);
}
