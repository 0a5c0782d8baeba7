import type { Decision } from "./launcher.ts";
import { unbroken } from "./printable.ts";

/** `mode ephemeral: GITHUB_ACTIONS is set: this is GitHub Actions (--persistent changes it)`. */
export function decisionLine({ setting, value, because, override }: Decision): string {
  const change = override === null ? "" : ` (${override} changes it)`;
  return unbroken(`${setting.replaceAll("_", " ")} ${value.replaceAll("_", " ")}: ${because}${change}`);
}
