import { suggest } from "../protocol/suggest.ts";
import type { Command } from "./command.ts";
import { usage } from "./parse-arguments.ts";
import { oneLine } from "./printable.ts";

/** The value of an option that takes one of a few words; null when it is not given. Throws `usage` with the one meant. */
export function choice<const T extends string>(
  command: Pick<Command, "name" | "usage">,
  option: string,
  written: string | undefined,
  choices: readonly T[],
): T | null {
  if (written === undefined) return null;
  const chosen = choices.find((known) => known === written);
  if (chosen !== undefined) return chosen;
  const [meant = null] = suggest(written, choices);
  throw usage(
    command,
    `${option} ${oneLine(written, 60)}: it is one of ${choices.join(", ")}`,
    meant === null ? undefined : `did you mean ${option} ${meant}?`,
  );
}
