import type { MemberView } from "../protocol/membership-api.ts";

/** More of them make a line that nobody reads; `--json` has all. */
const shownMost = 12;

/** The agents of a member, those that are there first. A daemon of an earlier version does not tell which are. */
export function agentsText({
  agents,
  agents_online: online,
}: Pick<MemberView, "agents"> & Partial<Pick<MemberView, "agents_online">>): string {
  const there = new Set(online ?? []);
  const sorted = [...agents.filter((agent) => there.has(agent)), ...agents.filter((agent) => !there.has(agent))];
  const shown = sorted.slice(0, shownMost).map((agent) => (there.has(agent) ? `${agent} (online)` : agent));
  const rest = sorted.length - shown.length;
  return shown.length === 0 ? "none" : `${shown.join(", ")}${rest === 0 ? "" : ` and ${rest} more`}`;
}
