import type { ClaudemeshError } from "../protocol/error.ts";
import { nameAt } from "./commands.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import type { Output } from "./output.ts";
import { oneLine } from "./printable.ts";
import { shellWords } from "./shell-words.ts";

const textCharsMax = 1_000;
/** A command line that is shown as the one to try is not longer. */
const retryCharsMax = 200;

/**
 * Standard error gets what and why, then what to run; with --json, standard error gets one JSON object. Answers the
 * exit code.
 */
export function reportError(error: ClaudemeshError, words: readonly string[], out: Output): number {
  const exitCode = exitCodeOf(error);
  const hint = hintOf(error, words) ?? (exitCode === exitCodes.usage ? helpFor(words) : "claudemesh status");
  if (asksForJson(words)) {
    out.noteJson({
      ...error.details,
      code: error.code,
      message: cut(error.message),
      hint: cut(hint),
      retryable: error.retryable,
    });
  } else {
    // One line each: what was typed or told must not look like a line of ours.
    out.note(`error: ${oneLine(error.message, textCharsMax)} (${error.code})`);
    out.note(`hint: ${oneLine(hint, textCharsMax)}`);
  }
  return exitCode;
}

/** After `--` a word is no option. */
export function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return words.slice(0, end < 0 ? undefined : end).includes("--json");
}

function helpFor(words: readonly string[]): string {
  const name = nameAt(words);
  return `claudemesh help${name === null ? "" : ` ${name}`}`;
}

/** The daemon's own hint; for a name that is nearly right, the command line with the right one as well. */
function hintOf(error: ClaudemeshError, words: readonly string[]): string | undefined {
  const { to, suggestions } = error.details;
  const [meant, ...others] = Array.isArray(suggestions) ? suggestions.map(String) : [];
  if (meant === undefined) return error.hint;
  const ask = error.hint ?? `did you mean ${[meant, ...others].join(" or ")}?`;
  if (others.length > 0 || typeof to !== "string") return ask;
  const retry = replaced(words, to, meant);
  return retry === null ? ask : `${ask} claudemesh ${retry}`;
}

/** The words with the one that named `wrong`, with or without its sign, naming `right`; null if that is not one. */
function replaced(words: readonly string[], wrong: string, right: string): string | null {
  const bare = (address: string): string => address.replace(sign, "").toLowerCase();
  const places = words.filter((word) => bare(word) === bare(wrong));
  if (places.length !== 1) return null;
  const line = shellWords(words.map((word) => (word === places[0] ? (sign.test(word) ? right : bare(right)) : word)));
  return line.length > retryCharsMax || /[^\x20-\x7e]/.test(line) ? null : line;
}

const sign = /^([@#]|queue:)/;

function cut(text: string): string {
  return text.length <= textCharsMax ? text : `${text.slice(0, textCharsMax)}…`;
}
