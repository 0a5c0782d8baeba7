import type { Command } from "./command.ts";
import { daemonMeant } from "./daemon-meant.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { readSets, setOptions } from "./set-options.ts";
import { noteEndedBefore, noteReadOnly, running } from "./up.ts";

export const command: Command = {
  name: "daemon up",
  summary: "Start the daemon alone; it works without its broker and sends later",
  usage: "daemon up [--mesh SLUG] [--http] [--read-only] [--dial] [--set KEY=VALUE]...",
  options: {
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
  examples: ["daemon up", "daemon up --set link.ping_seconds=10"],
  exits: ["notRunning", "conflict"],
  related: ["up", "daemon restart", "doctor"],
  async run(context) {
    const { launcher, out, positionals, home, option, flag } = context;
    requireWords(command, positionals, 0, 0);
    const http = option("http") === undefined ? null : flag("http");
    const readOnly = option("read-only") === undefined ? null : flag("read-only");
    const daemon = await (await launcher()).daemonUp({
      home,
      mesh: daemonMeant(context),
      http,
      readOnly,
      dial: flag("dial"),
      set: readSets(command, context),
    });
    noteReadOnly(out, daemon.status, readOnly === true);
    noteEndedBefore(out, daemon);
    if (flag("json")) {
      out.json(daemon);
      return exitCodes.ok;
    }
    out.line(`daemon ${running(daemon)}  ${out.paint.bold(daemon.status.address)}`);
    out.line(`socket ${daemon.status.socket}`);
    return exitCodes.ok;
  },
};
