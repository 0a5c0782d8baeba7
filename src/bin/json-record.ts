import { readFileIfPresent } from "../base/atomic-file.ts";
import { ClaudemeshError } from "../protocol/error.ts";

/** Fields of a record that an earlier run wrote at `path`; none when there is no file. Throws invalid_config with `hint`. */
export function readRecord(path: string, hint: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    const bytes = readFileIfPresent(path);
    if (bytes === null) return {};
    value = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    const what = cause instanceof SyntaxError ? "is not JSON" : `cannot be read: ${String(cause)}`;
    throw new ClaudemeshError("invalid_config", `${path} ${what}`, { hint, cause });
  }
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw new ClaudemeshError("invalid_config", `${path} is no JSON object`, { hint });
}
