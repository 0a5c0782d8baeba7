import { ClaudemeshError } from "../protocol/error.ts";
import { suggest } from "../protocol/suggest.ts";
import { choice } from "./choice.ts";
import type { Command } from "./command.ts";
import { commandNames } from "./commands.ts";
import { listenOptions, readListen } from "./listen-options.ts";
import { quoted } from "./printable.ts";
import { readSets, setOptions } from "./set-options.ts";
import { homeMeant, levels, runSettling, superviseOptions } from "./supervise-options.ts";

export const command: Command = {
  name: "broker",
  summary: "Run this home's broker in the foreground, on PostgreSQL and Redis where the environment names them",
  usage:
    "broker [--listen HOST:PORT [--tls] [--tls-cert FILE --tls-key FILE] | --local-only] [--set KEY=VALUE]... [--log-level LEVEL] [--home DIR] [--settle]",
  options: {
    ...listenOptions,
    ...setOptions,
    "log-level": {
      type: "string",
      value: "LEVEL",
      help: `what is logged, as JSON lines to stderr: ${levels.join(", ")}; info by default`,
      complete: levels,
    },
    ...superviseOptions,
  },
  examples: [
    "broker --listen 0.0.0.0:8787",
    "DATABASE_URL=postgres://mesh@db/mesh REDIS_URL=redis://cache claudemesh broker --listen 8787",
  ],
  related: ["broker up", "broker status", "doctor", "help exit-codes"],
  async run(context) {
    const { launcher, positionals, option, flag } = context;
    const [word] = positionals;
    if (word !== undefined) {
      const words = commandNames("broker ").map((name) => name.slice("broker ".length));
      const [meant = null] = suggest(word, words);
      throw new ClaudemeshError("usage", `there is no command ${quoted(`broker ${word}`)}`, {
        hint: meant === null ? "claudemesh help broker" : `did you mean \`claudemesh broker ${meant}\`?`,
      });
    }
    const logLevel = choice(command, "--log-level", option("log-level"), levels) ?? "info";
    // Never comes back: the process is the broker from here on.
    const home = homeMeant(context);
    const listen = readListen(context);
    const sets = readSets(command, context);
    return runSettling(context, async () => (await launcher()).brokerRun(home, listen, logLevel, flag("settle"), sets));
  },
};
