import { shellWords } from "../../cli/shell-words.ts";
import type { WriterRequest } from "./agent-writer.ts";

/** `agent hook <kind>` as a shell runs it, with what leads it to the daemon that is meant. */
export function hookCommand(
  { program, options, variables }: WriterRequest,
  kind: string,
  more: readonly string[] = [],
): string {
  const set = Object.entries(variables).map(([name, value]) => `${name}=${shellWords([value])} `);
  return `${set.join("")}${shellWords([...program, "agent", "hook", kind, ...more, ...options])}`;
}

/** Tells our commands for a kind from the user's, wherever they were installed then. */
export function ownHook(kind: string): RegExp {
  return new RegExp(`(^|[\\s'"])agent hook ${kind}(\\s|$)`);
}
