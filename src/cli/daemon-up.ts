import type { Command } from "./command.ts";
import { daemonMeant, daemonsOf } from "./daemon-meant.ts";
import { exitCodes } from "./exit-codes.ts";
import type { DaemonStatus, Started } from "./launcher.ts";
import { requireWords } from "./parse-arguments.ts";
import { readSets, setOptions } from "./set-options.ts";
import { noteEndedBefore, noteReadOnly, running } from "./up.ts";

export const command: Command = {
  name: "daemon up",
  summary: "Start the daemon alone; it works without its broker and sends later",
  usage: "daemon up [--mesh SLUG | --all] [--http] [--read-only] [--dial] [--set KEY=VALUE]...",
  options: {
    all: { type: "boolean", help: "of every mesh that this home has joined" },
    http: { type: "boolean", help: "also listen on 127.0.0.1, with a token; --no-http ends it" },
    "read-only": {
      type: "boolean",
      help: "of a membership that has ended: show what was received, and dial no broker; --no-read-only dials again",
    },
    dial: {
      type: "boolean",
      help: "dial the broker now, also when an admin has sent this member away for a time; a daemon that waits is started anew",
    },
    ...setOptions,
  },
  examples: ["daemon up", "daemon up --all", "daemon up --set link.ping_seconds=10"],
  exits: ["notRunning", "conflict"],
  related: ["up", "daemon restart", "doctor"],
  async run(context) {
    const { launcher, out, positionals, home, option, flag } = context;
    requireWords(command, positionals, 0, 0);
    const http = option("http") === undefined ? null : flag("http");
    const readOnly = option("read-only") === undefined ? null : flag("read-only");
    const slugs = flag("all") ? daemonsOf(context) : [daemonMeant(context)];
    const set = readSets(command, context);
    const processes = await launcher();
    const daemons: Started<DaemonStatus>[] = [];
    for (const mesh of slugs) {
      const daemon = await processes.daemonUp({ home, mesh, http, readOnly, dial: flag("dial"), set });
      daemons.push(daemon);
      noteReadOnly(out, daemon.status, readOnly === true);
      noteEndedBefore(out, daemon);
      if (flag("json")) continue;
      const place = flag("all") ? ` in mesh ${daemon.status.mesh}` : "";
      out.line(`daemon ${running(daemon)}  ${out.paint.bold(daemon.status.address)}${place}`);
      out.line(`socket ${daemon.status.socket}`);
    }
    if (flag("json")) out.json(flag("all") ? { daemons } : daemons[0]);
    return exitCodes.ok;
  },
};
