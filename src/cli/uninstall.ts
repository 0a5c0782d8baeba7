import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { unbroken } from "./printable.ts";
import { requireMeant } from "./removal-text.ts";

export const command: Command = {
  name: "uninstall",
  summary: "Leave every mesh, stop everything and remove this home",
  usage: "uninstall --yes [--force]",
  options: {
    yes: { type: "boolean", help: "said on purpose: it cannot be taken back" },
    force: { type: "boolean", help: "even where a mesh cannot be left, or others would miss what goes" },
  },
  exits: ["notFound"],
  related: ["backup", "leave", "reset", "uninstall-service"],
  examples: ["uninstall --yes"],
  async run({ launcher, out, positionals, home, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const { uninstallPlan, uninstall } = await launcher();
    const said = { yes: flag("yes"), force: flag("force"), words: "" };
    requireMeant(command, await uninstallPlan(home), said);
    const done = await uninstall({ home, force: said.force, signal, progress: (text) => out.progress(text) });
    if (flag("json")) {
      out.json(done);
      return exitCodes.ok;
    }
    for (const path of done.services) out.line(`removed service ${unbroken(path)}`);
    for (const mesh of done.left) out.line(`left mesh ${mesh}`);
    for (const { mesh, reason } of done.not_left) out.line(`still a member of mesh ${mesh}: ${unbroken(reason)}`);
    out.line(
      done.remains.length === 0
        ? `removed ${unbroken(home)}`
        : `removed what claudemesh had in ${unbroken(home)}; there stays: ${done.remains.map(unbroken).join(", ")}`,
    );
    // Without the program each of their hooks would fail.
    for (const { kind, scope, path } of done.agents)
      out.line(
        `${unbroken(path)} still starts it: claudemesh agent uninstall ${unbroken(kind)} --scope ${unbroken(scope)}`,
      );
    out.line("the program itself: npm uninstall --global claudemesh");
    return exitCodes.ok;
  },
};
