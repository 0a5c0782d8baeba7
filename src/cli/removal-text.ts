import { ClaudemeshError } from "../protocol/error.ts";
import type { Command } from "./command.ts";
import type { RemovalPlan } from "./home-life.ts";
import { usage } from "./parse-arguments.ts";
import { unbroken } from "./printable.ts";

/**
 * Lets a removal pass that was meant: with --yes, and with --force where others would miss what goes. Throws usage or
 * not_allowed, each with what would be lost.
 */
export function requireMeant(
  command: Pick<Command, "name" | "usage">,
  plan: RemovalPlan,
  said: { readonly yes: boolean; readonly force: boolean; readonly words: string },
): void {
  const again = `claudemesh ${command.name}${said.words}`;
  if (plan.objections.length > 0 && !said.force)
    throw new ClaudemeshError("not_allowed", `nothing is done yet: ${plan.objections.map(unbroken).join("; ")}`, {
      hint: `mend that first, or do it in spite of it: ${again} --yes --force`,
    });
  if (said.yes) return;
  const lost = [
    ...(plan.members.length > 0 ? [`nobody could be ${plan.members.map(unbroken).join(", ")} any more`] : []),
    ...(plan.broker ? ["this home's broker and every message that it keeps would be gone"] : []),
  ];
  throw usage(
    command,
    `${lost.length === 0 ? "what is in this home would be gone" : lost.join("; ")}; nothing is done yet`,
    `to keep a copy first: claudemesh backup --out FILE; then: ${again} --yes${said.force ? " --force" : ""}`,
  );
}
