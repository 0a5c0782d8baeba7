import { choice } from "./choice.ts";
import type { Command } from "./command.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { readSets, setOptions } from "./set-options.ts";
import { homeMeant, levels, runSettling, superviseOptions } from "./supervise-options.ts";

const places = ["stderr", "file"] as const;

export const command: Command = {
  name: "daemon run",
  summary: "Run a daemon in the foreground, or all of this home under one supervisor, as a service or a container does",
  usage:
    "daemon run [--mesh SLUG | --all] [--log-to PLACE] [--log-level LEVEL] [--set KEY=VALUE]... [--home DIR] [--settle]",
  options: {
    all: {
      type: "boolean",
      help: "of every mesh of this home, also those that it joins later; one that fails is started again, at growing intervals",
    },
    "log-to": {
      type: "string",
      value: "PLACE",
      help: `where the log goes, as JSON lines: ${places.join(", ")}; stderr by default, file is what \`claudemesh logs\` reads`,
      complete: places,
    },
    "log-level": {
      type: "string",
      value: "LEVEL",
      help: `what is logged: ${levels.join(", ")}; info by default`,
      complete: levels,
    },
    ...setOptions,
    ...superviseOptions,
  },
  examples: ["daemon run --all", "daemon run --mesh team --log-to file"],
  exits: ["notRunning"],
  related: ["install-service", "daemon up", "broker"],
  async run(context) {
    const { launcher, positionals, option, flag, mesh } = context;
    requireWords(command, positionals, 0, 0);
    const all = flag("all");
    if (all && option("mesh") !== undefined) throw usage(command, "--all and --mesh exclude each other");
    const logTo = choice(command, "--log-to", option("log-to"), places) ?? "stderr";
    const logLevel = choice(command, "--log-level", option("log-level"), levels) ?? "info";
    // Never comes back: the process is the daemon, or the supervisor, from here on.
    const set = readSets(command, context);
    const request = { home: homeMeant(context), mesh, all, logTo, logLevel, set, settle: flag("settle") };
    return runSettling(context, async () => (await launcher()).daemonRun(request));
  },
};
