import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";

export const command: Command = {
  name: "leave",
  summary: "Leave the mesh for good; what was received stays readable in this home",
  usage: "leave --yes",
  options: { yes: { type: "boolean", help: "said on purpose: it cannot be taken back" } },
  exits: ["notRunning", "conflict", "tryLater"],
  related: ["member revoke", "mesh list", "up"],
  examples: ["leave --yes", "leave --mesh work --yes"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const daemon = client();
    const { member, mesh, durability } = await daemon.health({ signal });
    if (!flag("yes")) {
      throw usage(
        command,
        `${member.address} could not come back to mesh ${mesh} with its keys; nothing is done yet`,
        "claudemesh leave --yes",
      );
    }
    const left = await daemon.membership.leave({ signal });
    if (flag("json")) out.json(left);
    else
      out.line(
        durability === "process"
          ? `${left.address} has left; its daemon ends, and what it received with it`
          : `${left.address} has left; its daemon ends. What it received stays in this home: claudemesh up shows it`,
      );
    return exitCodes.ok;
  },
};
