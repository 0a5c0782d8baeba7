import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { requireMeant } from "./removal-text.ts";

export const command: Command = {
  name: "reset",
  summary: "Remove a mesh from this home, keys and messages included, and tell nobody",
  usage: "reset --yes [--mesh SLUG | --all] [--force]",
  options: {
    all: { type: "boolean", help: "every mesh, and the broker of this home" },
    yes: { type: "boolean", help: "said on purpose: it cannot be taken back" },
    force: { type: "boolean", help: "even where others would miss what goes, or messages have not been sent" },
  },
  exits: ["notRunning"],
  related: ["backup", "leave", "uninstall", "uninstall-service"],
  examples: ["reset --mesh work --yes", "reset --all --yes"],
  async run({ launcher, out, positionals, home, mesh, option, flag }) {
    requireWords(command, positionals, 0, 0);
    if (flag("all") && option("mesh") !== undefined)
      throw usage(command, "--all is every mesh, and --mesh one of them");
    const request = { home, mesh, all: flag("all") };
    const { resetPlan, reset } = await launcher();
    const words = request.all ? " --all" : mesh === null ? "" : ` --mesh ${mesh}`;
    requireMeant(command, await resetPlan(request), { yes: flag("yes"), force: flag("force"), words });
    const done = await reset(request);
    if (flag("json")) out.json(done);
    else {
      for (const slug of done.meshes) out.line(`removed mesh ${slug} from this home`);
      if (done.broker) out.line("removed this home's broker");
      if (done.meshes.length === 0 && !done.broker) out.note(`there was nothing to remove in ${home}`);
    }
    return exitCodes.ok;
  },
};
