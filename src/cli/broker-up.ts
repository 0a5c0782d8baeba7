import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { listenOptions, readListen } from "./listen-options.ts";
import { requireWords } from "./parse-arguments.ts";
import { readSets, setOptions } from "./set-options.ts";
import { printBrokerUp } from "./up.ts";

export const command: Command = {
  name: "broker up",
  summary: "Start the embedded broker of this home alone, or have it listen elsewhere",
  usage: "broker up [--listen HOST:PORT [--tls] [--tls-cert FILE --tls-key FILE] | --local-only] [--set KEY=VALUE]...",
  options: { ...listenOptions, ...setOptions },
  examples: ["broker up", "broker up --listen 0.0.0.0:8787", "broker up --local-only"],
  exits: ["notRunning", "conflict"],
  related: ["up", "broker restart", "doctor"],
  async run(context) {
    const { launcher, out, positionals, home, flag } = context;
    requireWords(command, positionals, 0, 0);
    const broker = await (await launcher()).brokerUp(home, readListen(context), readSets(command, context));
    if (flag("json")) out.json(broker);
    else printBrokerUp(out, broker);
    if (broker.status.exposed_url !== null) out.note("next: claudemesh invite");
    return exitCodes.ok;
  },
};
