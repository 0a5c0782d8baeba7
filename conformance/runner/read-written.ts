import { suggest } from "../../src/protocol/suggest.ts";

/** An object as it stands in a file of scenarios. */
export type Written = Readonly<Record<string, unknown>>;

/** A scenario that is not written as the README says; the message tells where. */
export class Miswritten extends Error {
  override readonly name = "Miswritten";
}

export function check(holds: boolean, where: string, message: string): asserts holds {
  if (!holds) throw new Miswritten(`${where}: ${message}`);
}

export function checkKeys(where: string, written: Written, known: readonly string[]): void {
  for (const key of Object.keys(written)) checkName(where, "key", key, known);
}

export function checkName(where: string, what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const [meant] = suggest(name, known);
  const help = meant === undefined ? `known: ${known.join(", ")}` : `did you mean ${meant}?`;
  throw new Miswritten(`${where}: unknown ${what} ${name}; ${help}`);
}

export function objectIn(where: string, value: unknown): Written {
  check(typeof value === "object" && value !== null && !Array.isArray(value), where, "an object has to stand here");
  return value as Written;
}

export function textIn(where: string, written: Written, key: string): string {
  const value = written[key];
  check(typeof value === "string" && value !== "", where, `${key} has to be a text`);
  return value;
}

export function numberIn(where: string, written: Written, key: string): number {
  const value = written[key];
  check(typeof value === "number" && Number.isSafeInteger(value) && value >= 0, where, `${key} has to be a number`);
  return value;
}

export function listIn(where: string, written: Written, key: string): readonly unknown[] {
  const value = written[key];
  check(Array.isArray(value) && value.length > 0, where, `${key} has to be a list`);
  return value as readonly unknown[];
}

export function optionIn<const Option extends string>(
  where: string,
  written: Written,
  key: string,
  options: readonly Option[],
): Option | undefined {
  const value = written[key];
  if (value === undefined) return undefined;
  const found = options.find((option) => option === value);
  check(found !== undefined, where, `${key} is one of ${options.join(", ")}`);
  return found;
}
