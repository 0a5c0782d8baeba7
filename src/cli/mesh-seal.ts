import type { SealMember, SealPlan } from "../protocol/membership-api.ts";
import type { Command, CommandContext } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { plural } from "./plural.ts";
import { unbroken } from "./printable.ts";
import { table } from "./table.ts";

export const command: Command = {
  name: "mesh seal",
  summary: "Encrypt a mesh from before encryption: first in its owner's home, then in each other home",
  usage: "mesh seal [--yes]",
  options: { yes: { type: "boolean", help: "do it; without, it is only shown" } },
  exits: ["notRunning", "conflict", "tryLater"],
  related: ["mesh list", "members", "doctor"],
  examples: ["mesh seal", "mesh seal --yes", "mesh seal --mesh work --yes"],
  async run(context) {
    const { client, out, positionals, flag, signal } = context;
    requireWords(command, positionals, 0, 0);
    const plan = await client().meshSeal.plan({ signal });
    const isDone = plan.action === "none";
    if (isDone || !flag("yes")) {
      if (flag("json")) out.json(plan);
      else show(context, plan);
      if (!isDone) out.note("nothing is done yet; to do it: claudemesh mesh seal --yes");
      return exitCodes.ok;
    }
    if (!flag("json")) show(context, plan);
    const done = await client().meshSeal.seal(plan.digest, { signal });
    if (flag("json")) out.json(done);
    else out.line(`sealed  ${plural(done.members, "member")}, head ${done.head.slice(0, 12)}`);
    if (plan.action === "found") out.note("now in every other home: claudemesh mesh seal");
    out.note(
      `compare by another way that it is the same mesh: claudemesh verify @${plan.action === "pin" ? plan.owner.name : "NAME"}`,
    );
    return exitCodes.ok;
  },
};

const says = {
  found: "this home begins the mesh's membership, as its owner, with:",
  admit: "the mesh is sealed; with who is taken in now it has:",
  pin: "the mesh was sealed by its owner; this home goes by that from now on:",
  none: "the mesh is sealed, and there is nothing to do:",
} as const satisfies Record<SealPlan["action"], string>;

function show({ out }: CommandContext, plan: SealPlan): void {
  out.line(says[plan.action]);
  for (const line of table([["MEMBER", "ROLE", "ID"], ...plan.members.map(row)])) out.line(`  ${line}`);
  if (plan.left_out.length === 0) return;
  out.line("left out, since they have not announced keys (they do once their claudemesh is of this version):");
  for (const line of table(plan.left_out.map(row))) out.line(`  ${line}`);
}

function row({ name, role, member_id }: SealMember): string[] {
  return [`@${unbroken(name)}`, role, member_id];
}
