import { limits } from "../protocol/limits.ts";
import type { Command, CommandContext, Option } from "./command.ts";
import { usage } from "./parse-arguments.ts";
import { oneLine } from "./printable.ts";

/** `--limit` and `--cursor` of a command that lists. */
export const pageOptions = (limit: number): Readonly<Record<"limit" | "cursor", Option>> => ({
  limit: { type: "string", value: "N", help: `how many at most, ${limit} by default` },
  cursor: { type: "string", value: "C", help: "go on where the last list ended" },
});

export function readPageOptions(
  command: Pick<Command, "name" | "usage">,
  context: Pick<CommandContext, "option">,
  defaultLimit: number,
): { readonly limit: number; readonly cursor?: string } {
  const limit = wholeNumber(command, "--limit", context.option("limit"), 1, limits.pageItemsMax) ?? defaultLimit;
  const cursor = context.option("cursor");
  if (cursor === undefined) return { limit };
  if (cursor === "" || cursor.length > limits.cursorCharsMax)
    throw usage(command, `--cursor ${oneLine(cursor, 60)}: it is the word that a list ended with`);
  return { limit, cursor };
}

/** The whole number of an option; null when it is not given. Throws `usage`. */
export function wholeNumber(
  command: Pick<Command, "name" | "usage">,
  option: string,
  written: string | undefined,
  min: number,
  max: number,
): number | null {
  if (written === undefined) return null;
  const number = /^\d{1,15}$/.test(written) ? Number(written) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw usage(command, `${option} ${oneLine(written, 60)}: it is a number from ${min} to ${max}`);
}
