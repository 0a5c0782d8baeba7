import type { ClaudemeshError } from "../protocol/error.ts";
import { exitCodeOf } from "./exit-codes.ts";
import type { Output } from "./output.ts";
import { shellWords } from "./shell-words.ts";

const messageCharsMax = 1_000;
/** A command line that is shown as the one to try is not longer. */
const retryCharsMax = 200;

/**
 * Standard error gets what and why, then what to run; with --json, standard error gets one JSON object. Answers the
 * exit code.
 */
export function reportError(error: ClaudemeshError, words: readonly string[], out: Output): number {
  const hint = hintOf(error, words);
  if (asksForJson(words)) {
    out.noteJson({
      ...error.details,
      code: error.code,
      message: cut(error.message),
      hint: hint ?? null,
      retryable: error.retryable,
    });
  } else {
    out.note(`error: ${cut(error.message)} (${error.code})`);
    if (hint !== undefined) out.note(`hint: ${cut(hint)}`);
  }
  return exitCodeOf(error);
}

/** After `--` a word is no option. */
export function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return words.slice(0, end < 0 ? undefined : end).includes("--json");
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
  const bare = (address: string): string => address.replace(/^[@#]/, "").toLowerCase();
  const places = words.filter((word) => bare(word) === bare(wrong));
  if (places.length !== 1) return null;
  const line = shellWords(
    words.map((word) => (word === places[0] ? (/^[@#]/.test(word) ? right : bare(right)) : word)),
  );
  return line.length > retryCharsMax || /[^\x20-\x7e]/.test(line) ? null : line;
}

function cut(text: string): string {
  return text.length <= messageCharsMax ? text : `${text.slice(0, messageCharsMax)}…`;
}
