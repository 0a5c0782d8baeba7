import type { Command } from "./command.ts";
import { usage } from "./parse-arguments.ts";
import { quoted } from "./printable.ts";

/** An outbox row as typed, `12` or `#12`. Throws `usage`. */
export function rowNumber(command: Command, text: string): number {
  return numberOf(text) ?? refuse(command, `${quoted(text)} is not a row of the outbox`, "claudemesh outbox list");
}

/** An inbox_id as typed, `12` or `#12`. Throws `usage`. */
export function inboxNumber(command: Command, text: string): number {
  return numberOf(text) ?? refuse(command, `${quoted(text)} is not the number of a message`, "claudemesh inbox");
}

/** A history_id as typed; `shows`: the command that lists them. Throws `usage`. */
export function historyNumber(command: Command, text: string, shows: string): number {
  return numberOf(text) ?? refuse(command, `${quoted(text)} is not the history_id of a message`, shows);
}

function numberOf(text: string): number | null {
  const digits = /^#?([1-9]\d{0,14})$/.exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}

function refuse(command: Command, message: string, shows: string): never {
  throw usage(command, message, `${shows} shows them`);
}
