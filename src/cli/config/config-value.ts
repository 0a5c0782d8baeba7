import { ClaudemeshError } from "../../protocol/error.ts";
import type { ConfigKey } from "../launcher.ts";
import { quoted } from "../printable.ts";

/**
 * What the typed words mean for a key: a number, `true` or `false`, a list in JSON, a text as it stands, or several
 * words for a list. The key itself decides: the first reading that it accepts counts. Throws `usage`.
 */
export function readValue(key: ConfigKey, words: readonly string[]): unknown {
  for (const value of readings(words)) if (key.accepts(value)) return value;
  throw new ClaudemeshError("usage", `\`${key.key}\` cannot be ${quoted(words.join(" "))}: it must be ${key.takes}`, {
    hint: "claudemesh config list shows what each setting takes",
  });
}

function* readings(words: readonly string[]): Generator<unknown> {
  const [word = ""] = words;
  if (words.length === 1) {
    const number = word.replaceAll("_", "");
    if (/^-?\d{1,16}$/.test(number)) yield Number(number);
    if (word === "true" || word === "false") yield word === "true";
    if (word.startsWith("[") || word.startsWith('"')) yield fromJson(word);
    yield word;
  }
  yield [...words];
}

function fromJson(word: string): unknown {
  try {
    return JSON.parse(word);
  } catch {
    return undefined;
  }
}

/** A value as `config list` shows it and `config set` takes it. */
export function valueText(value: unknown): string {
  if (value === null) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}
