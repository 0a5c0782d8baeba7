import { resolve } from "node:path";
import { ClaudemeshError } from "../protocol/error.ts";
import type { CommandContext, Option } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { reportError } from "./report-error.ts";

export const levels = ["debug", "info", "warn", "error"] as const;

/** Of commands that something else starts and watches: where no environment can be set, and where 0 alone is an end. */
export const superviseOptions = {
  home: {
    type: "string",
    value: "DIR",
    help: "the home, where CLAUDEMESH_HOME cannot be set",
    complete: "directory",
  },
  settle: {
    type: "boolean",
    help: "end with 0 where another start would end in the same way: for what starts again whatever ended otherwise, as launchd",
  },
} as const satisfies Readonly<Record<string, Option>>;

/** Of --home, else the usual one. */
export function homeMeant({ home, option }: Pick<CommandContext, "home" | "option">): string {
  const given = option("home");
  if (given === "") throw new ClaudemeshError("usage", "--home names a folder", { hint: "--home DIR" });
  return given === undefined ? home : resolve(given);
}

/** Runs what never comes back; with --settle, what keeps it from running at all is told and ends with 0 too. */
export async function runSettling(context: CommandContext, run: () => Promise<never>): Promise<number> {
  try {
    return await run();
  } catch (thrown) {
    if (!context.flag("settle")) throw thrown;
    reportError(ClaudemeshError.from(thrown), context.flag("json") ? ["--json"] : [], context.out);
    return exitCodes.ok;
  }
}
