import { ClaudemeshError } from "../protocol/error.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";

export const command: Command = {
  name: "uninstall-service",
  summary: "Stop and remove the services of this home that install-service made; daemons, keys and messages stay",
  usage: "uninstall-service [--mesh SLUG | --broker]",
  options: {
    broker: { type: "boolean", help: "the broker's alone" },
  },
  examples: ["uninstall-service", "uninstall-service --broker"],
  exits: ["notFound"],
  related: ["install-service", "daemon up"],
  async run({ launcher, out, positionals, home, option, flag }) {
    requireWords(command, positionals, 0, 0);
    const mesh = option("mesh") ?? null;
    if (mesh !== null && flag("broker")) throw usage(command, "--mesh and --broker exclude each other");
    const services = await (await launcher()).uninstallService({ home, mesh, broker: flag("broker") ? true : null });
    if (services.length === 0)
      throw new ClaudemeshError("not_found", `install-service has made no such service of ${home}`, {
        hint: "claudemesh install-service --dry-run shows what it would make, and where",
      });
    if (flag("json")) out.json({ services });
    else for (const { name, path } of services) out.line(`stopped ${name} and removed ${path}`);
    out.note("notice: what it ran is stopped; claudemesh up starts it in the background");
    return exitCodes.ok;
  },
};
