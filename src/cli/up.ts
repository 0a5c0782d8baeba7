import type { Command, CommandContext } from "./command.ts";
import { decisionLines } from "./decision-lines.ts";
import { exitCodes } from "./exit-codes.ts";
import { modeOptions, readMode } from "./mode-options.ts";
import type { BrokerStatus, DaemonStatus, Started, UpAnswer } from "./launcher.ts";
import { listenOptions, readListen } from "./listen-options.ts";
import { requireWords } from "./parse-arguments.ts";
import { unbroken } from "./printable.ts";
import { readSets, setOptions } from "./set-options.ts";

export const command: Command = {
  name: "up",
  summary: "Start the broker and the daemon of this home, whichever is missing",
  usage:
    "up [--name NAME] [--persistent | --ephemeral [--ttl TIME] [--invite LINK]] [--http] [--broker DIR | --listen HOST:PORT] [--set KEY=VALUE]...",
  options: {
    name: { type: "string", value: "NAME", help: "your address becomes @NAME; by default the user's name" },
    ...modeOptions,
    invite: {
      type: "string",
      value: "LINK",
      help: "the mesh that an ephemeral member joins; also CLAUDEMESH_INVITE, which no list of processes shows",
    },
    http: {
      type: "boolean",
      help: "also listen on 127.0.0.1, with the token in the file that `status` names; --no-http ends it",
    },
    broker: {
      type: "string",
      value: "DIR",
      help: "join the broker of another home of yours: its data directory, as `status` there shows it",
      complete: "directory",
    },
    ...listenOptions,
    ...setOptions,
  },
  exits: ["notRunning", "conflict"],
  related: ["down", "status", "doctor", "join"],
  examples: [
    "up",
    "up --name alice --http",
    "up --name bob --broker ~/.claudemesh/broker",
    "up --ephemeral --ttl 2h --invite claudemesh://192.168.1.5:8787/AQD…",
  ],
  async run(context) {
    requireWords(command, context.positionals, 0, 0);
    const launcher = await context.launcher();
    const answer = await launcher.up({
      home: context.home,
      name: context.option("name") ?? null,
      ...readMode(context, command),
      invite: context.option("invite") ?? null,
      http: context.option("http") === undefined ? null : context.flag("http"),
      broker: context.option("broker") ?? null,
      listen: readListen(context),
      set: readSets(command, context),
    });
    for (const daemon of [answer.daemon, ...answer.others]) {
      noteReadOnly(context.out, daemon.status);
      noteEndedBefore(context.out, daemon);
    }
    for (const notice of answer.notices) context.out.note(`notice: ${notice}`);
    if (context.flag("json")) context.out.json(answer);
    else print(context, answer);
    return exitCodes.ok;
  },
};

function print({ out }: CommandContext, { broker, daemon, others }: UpAnswer): void {
  if (broker !== null) printBrokerUp(out, broker);
  for (const other of others)
    out.line(`daemon ${running(other)}  ${out.paint.bold(other.status.address)} in mesh ${other.status.mesh}`);
  out.line(`daemon ${running(daemon)}  ${out.paint.bold(daemon.status.address)}`);
  out.line(`socket ${daemon.status.socket}`);
  printMode(out, daemon.status);
  if (daemon.status.http_port !== null)
    out.line(`http   http://127.0.0.1:${daemon.status.http_port}  token in ${daemon.status.token_file}`);
}

/** Where something else than the usual was decided, why; and of an ephemeral one, how long it lives. */
export function printMode(
  out: CommandContext["out"],
  { mode, ends_at: endsAt, decisions }: DaemonStatus,
  indent = "",
): void {
  for (const line of decisionLines(decisions)) out.line(`${indent}${line}`);
  if (mode === "ephemeral")
    out.line(`${indent}its keys and messages end with it${endsAt === null ? "" : `, at ${endsAt} at the latest`}`);
}

/** Of a daemon whose membership has ended, unless it was just asked to run so. */
export function noteReadOnly(
  out: CommandContext["out"],
  { read_only: readOnly, address, mesh }: DaemonStatus,
  asked = false,
): void {
  if (readOnly && !asked)
    out.note(
      `notice: ${address} was revoked or has left mesh ${mesh}: its daemon shows what was received, and no more`,
    );
}

/** Of a daemon whose broker did not have it, the last time. */
export function noteEndedBefore(
  out: CommandContext["out"],
  { ended_before: end, status }: Started<DaemonStatus>,
): void {
  if (end !== undefined)
    out.note(
      `notice: ${status.address} in mesh ${status.mesh} had ended with exit code ${end.exit_code}: ${unbroken(end.message)}`,
    );
}

export function printBrokerUp(out: CommandContext["out"], broker: Started<BrokerStatus>): void {
  out.line(`broker ${running(broker)}  ${broker.status.url ?? ""}`);
  if (broker.status.exposed_url !== null) out.line(`       for other hosts  ${broker.status.exposed_url}`);
}

/** `started`, or that it ran already. */
export function running(started: Started<{ readonly pid: number | null }>): string {
  return `${started.started ? "started" : "already running"} (pid ${started.status.pid ?? "?"})`;
}
