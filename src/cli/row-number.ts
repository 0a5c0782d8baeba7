import type { Command } from "./command.ts";
import { usage } from "./parse-arguments.ts";

/** An outbox row as typed, `12` or `#12`. Throws `usage`. */
export function rowNumber(command: Command, text: string): number {
  const digits = /^#?([1-9]\d{0,14})$/.exec(text)?.[1];
  if (digits === undefined)
    throw usage(command, `\`${text}\` is not a row of the outbox`, "claudemesh outbox list shows the rows");
  return Number(digits);
}
