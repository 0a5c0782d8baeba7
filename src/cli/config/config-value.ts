import { textReadings } from "../../protocol/config-text.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ConfigKey } from "./config-file.ts";
import { quoted } from "../printable.ts";

/**
 * What the typed words mean for a key: one as {@link textReadings} reads it, several as a list. The key itself decides: the
 * first reading that it accepts counts. Throws `usage`.
 */
export function readValue(key: ConfigKey, words: readonly string[]): unknown {
  for (const value of readings(words)) if (key.accepts(value)) return value;
  throw new ClaudemeshError("usage", `\`${key.key}\` cannot be ${quoted(words.join(" "))}: it must be ${key.takes}`, {
    hint: "claudemesh config list shows what each setting takes",
  });
}

function* readings(words: readonly string[]): Generator<unknown> {
  if (words.length === 1) yield* textReadings(words[0] ?? "");
  else yield [...words];
}

/** A value as `config list` shows it and `config set` takes it. */
export function valueText(value: unknown): string {
  if (value === null) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}
