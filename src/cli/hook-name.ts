import { fixedHooks, hookNamesText, isHook } from "../protocol/hook-names.ts";
import { suggest } from "../protocol/suggest.ts";
import type { Command, Completion } from "./command.ts";
import { usage } from "./parse-arguments.ts";
import { quoted } from "./printable.ts";

/** What completes the name of a hook, as far as it is known without asking. */
export const hookWords: Completion = fixedHooks;

/** The hook as typed. Throws `usage` with the one that was probably meant. */
export function typedHook(command: Pick<Command, "name" | "usage">, typed: string): string {
  if (isHook(typed)) return typed;
  const [meant] = suggest(typed, fixedHooks);
  throw usage(
    command,
    `there is no hook ${quoted(typed)}`,
    meant === undefined ? `hooks: ${hookNamesText}` : `did you mean ${meant}?`,
  );
}
