import { checkName } from "../protocol/address.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";

export const command: Command = {
  name: "mesh create",
  summary: "Make another mesh at a broker of this machine, with this home as its owner",
  usage: "mesh create SLUG [--name NAME] [--broker DIR]",
  options: {
    name: { type: "string", value: "NAME", help: "your address there becomes @NAME; by default the user's name" },
    broker: {
      type: "string",
      value: "DIR",
      help: "data directory of the broker, as `status` shows it; by default this home's own, which is started",
      complete: "directory",
    },
  },
  exits: ["notRunning", "conflict"],
  related: ["mesh list", "invite", "up"],
  examples: ["mesh create work", "mesh create work --name alice --broker ~/.claudemesh/broker"],
  async run(context) {
    const { launcher, out, positionals, home, option, flag } = context;
    requireWords(command, positionals, 1, 1);
    const [slug = ""] = positionals;
    const answer = await (await launcher()).meshCreate({
      home,
      slug: checkName(slug, "mesh"),
      name: option("name") === undefined ? null : checkName(option("name") ?? "", "member"),
      broker: option("broker") ?? null,
    });
    if (flag("json")) {
      out.json(answer);
      return exitCodes.ok;
    }
    const did = answer.created ? "made" : "is made already";
    out.line(`mesh ${answer.mesh} ${did}; its owner is ${out.paint.bold(answer.address)}`);
    return exitCodes.ok;
  },
};
