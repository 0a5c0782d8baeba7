import type { Command } from "./command.ts";
import { daemonMeant } from "./daemon-meant.ts";
import { exitCodes } from "./exit-codes.ts";
import { readLink } from "./join.ts";
import { requireWords, usage } from "./parse-arguments.ts";

export const command: Command = {
  name: "remint",
  summary: "Give a copied home a member of its own, with new keys; the copied member's folder is set aside",
  usage: "remint [link | -] --yes [--mesh SLUG] [--name NAME]",
  options: {
    yes: { type: "boolean", help: "said on purpose: this home stops being the member that it is" },
    name: { type: "string", value: "NAME", help: "your address becomes @NAME; by default the user's name" },
  },
  examples: ["remint claudemesh://192.168.1.5:8787/AQD… --yes", "remint --yes --name bob"],
  exits: ["notRunning", "conflict", "tryLater"],
  related: ["accept-host", "invite", "join"],
  async run(context) {
    const { launcher, out, positionals, home, option, flag, signal } = context;
    requireWords(command, positionals, 0, 1);
    const mesh = daemonMeant(context);
    const [given] = positionals;
    if (!flag("yes"))
      throw usage(
        command,
        `this home would stop being the member that it is in mesh ${mesh}, and what waits in its outbox would not be sent; nothing is done yet`,
        `claudemesh remint${given === undefined ? "" : " LINK"} --yes`,
      );
    const answer = await (await launcher()).remint({
      home,
      mesh,
      link: given === "-" ? await readLink(command, context.stdin) : (given ?? null),
      name: option("name") ?? null,
      signal,
    });
    if (flag("json")) {
      out.json(answer);
      return exitCodes.ok;
    }
    out.line(`${out.paint.bold(answer.address)} is this home's member of mesh ${answer.mesh} now`);
    out.line(`what it was as ${answer.former}, keys included, is in ${answer.set_aside}`);
    return exitCodes.ok;
  },
};
