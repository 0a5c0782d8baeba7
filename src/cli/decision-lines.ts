import type { Decision } from "./launcher.ts";
import { unbroken } from "./printable.ts";

/** One for each reason: `mode ephemeral (--persistent changes it): GITHUB_ACTIONS is set: this is GitHub Actions`. */
export function decisionLines(decisions: readonly Decision[]): readonly string[] {
  const reasons = [...new Set(decisions.map(({ because }) => because))];
  return reasons.map((because) => {
    const decided = decisions.filter((one) => one.because === because).map(decidedText);
    return unbroken(`${decided.join(", ")}: ${because}`);
  });
}

function decidedText({ setting, value, override }: Decision): string {
  const change = override === null ? "" : ` (${override} changes it)`;
  return `${setting.replaceAll("_", " ")} ${value.replaceAll("_", " ")}${change}`;
}
