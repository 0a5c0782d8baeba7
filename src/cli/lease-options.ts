import { limits } from "../protocol/limits.ts";
import type { Command, CommandContext, Option } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { usage } from "./parse-arguments.ts";
import { quoted } from "./printable.ts";

const leaseSeconds = limits.leaseMs / 1_000;

export const leaseOption: Readonly<Record<"lease", Option>> = {
  lease: {
    type: "string",
    value: `${leaseSeconds}s`,
    help: `how long a message is this consumer's, ${leaseSeconds} s by default; then it is given to the next`,
  },
};

/** Whole seconds of `--lease`; undefined when it is not given. */
export function readLease(command: Pick<Command, "name" | "usage">, context: Pick<CommandContext, "option">) {
  return secondsOf(command, context, "lease", limits.leaseMsMin / 1_000, limits.leaseMsMax);
}

/** Whole seconds of an option that takes a duration. Throws `usage`. */
export function secondsOf(
  command: Pick<Command, "name" | "usage">,
  context: Pick<CommandContext, "option">,
  option: string,
  min: number,
  msMax: number,
): number | undefined {
  const written = context.option(option);
  if (written === undefined) return undefined;
  const seconds = parseDuration(written, `--${option}`, msMax) / 1_000;
  if (Number.isInteger(seconds) && seconds >= min) return seconds;
  throw usage(command, `--${option} ${quoted(written)}: whole seconds are counted here`);
}

/** A lease_id as typed. Throws `usage`. */
export function typedLease(command: Pick<Command, "name" | "usage">, text: string): string {
  if (/^[1-9]\d{0,15}-[A-Za-z0-9_-]{22}$/.test(text)) return text;
  throw usage(command, `${quoted(text)} is no lease_id`, "claudemesh queue claim shows the one of each message");
}
