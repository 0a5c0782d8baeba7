import { isDeepStrictEqual } from "node:util";
import { filled, type Variables } from "./variables.ts";
import { Unfit } from "./unfit.ts";

/** What an expected value may say instead of the value itself, each with how it is judged. `where` is the place of the value, for people. */
type Judge = (value: unknown, given: unknown, where: string, variables: Variables) => void;

export const judges: Readonly<Record<string, Judge>> = {
  $keep(value, given, where, variables) {
    if (value === undefined) throw new Unfit(`${where} is absent`);
    variables.set(String(given), value);
  },
  $is: (value, given, where, variables) => match(value, given, where, variables),
  $not(value, given, where, variables) {
    if (matches(value, given, variables)) throw new Unfit(`${where} is ${shown(value)}, which it must not be`);
  },
  $any(value, _given, where) {
    if (value === undefined || value === null) throw new Unfit(`${where} is absent`);
  },
  $absent(value, _given, where) {
    if (value !== undefined && value !== null) throw new Unfit(`${where} is ${shown(value)}, and is to be absent`);
  },
  $matches(value, given, where, variables) {
    const pattern = String(filled(given, variables));
    if (typeof value !== "string" || !new RegExp(pattern, "u").test(value))
      throw new Unfit(`${where} is ${shown(value)}, which does not match ${pattern}`);
  },
  $at_least(value, given, where, variables) {
    const least = Number(filled(given, variables));
    if (typeof value !== "number" || value < least)
      throw new Unfit(`${where} is ${shown(value)}, which is not at least ${least}`);
  },
  $length(value, given, where) {
    const length = typeof value === "string" || Array.isArray(value) ? value.length : null;
    if (length !== given) throw new Unfit(`${where} has the length ${length}, not ${given}: ${shown(value)}`);
  },
  $one_of(value, given, where, variables) {
    if (!(given as readonly unknown[]).some((one) => matches(value, one, variables)))
      throw new Unfit(`${where} is ${shown(value)}, which is none of ${shown(filled(given, variables))}`);
  },
  $contains(value, given, where, variables) {
    for (const wanted of given as readonly unknown[]) {
      const found = (Array.isArray(value) ? value : []).find((item) => matches(item, wanted, variables));
      if (found === undefined)
        throw new Unfit(`${where} has nothing like ${shown(filled(wanted, variables))}: ${shown(value)}`);
      match(found, wanted, where, variables);
    }
  },
  $exactly(value, given, where, variables) {
    const wanted = filled(given, variables);
    if (!isDeepStrictEqual(value, wanted)) throw new Unfit(`${where} is ${shown(value)}, not exactly ${shown(wanted)}`);
  },
};

/**
 * Throws Unfit unless a value is as expected: texts, numbers, null and lists exactly; of an object the members that are written, whatever
 * else it has; and by {@link judges} where a member's name begins with `$`. Keeps what it is told to keep.
 */
export function match(value: unknown, expected: unknown, where: string, variables: Variables): void {
  if (Array.isArray(expected)) return matchList(value, expected, where, variables);
  if (typeof expected !== "object" || expected === null) {
    const wanted = filled(expected, variables);
    if (!isDeepStrictEqual(value, wanted)) throw new Unfit(`${where} is ${shown(value)}, not ${shown(wanted)}`);
    return;
  }
  const entries = Object.entries(expected as Readonly<Record<string, unknown>>);
  if (entries.some(([name]) => name === "$repeat" || name === "$text")) {
    const wanted = filled(expected, variables);
    if (value !== wanted) throw new Unfit(`${where} is ${shown(value)}, not ${shown(wanted)}`);
    return;
  }
  for (const [name, given] of entries) {
    const judge = Object.hasOwn(judges, name) ? judges[name] : undefined;
    if (judge !== undefined) judge(value, given, where, variables);
    else match(memberOf(value, name, where), given, `${where}.${name}`, variables);
  }
}

function matchList(value: unknown, expected: readonly unknown[], where: string, variables: Variables): void {
  if (!Array.isArray(value)) throw new Unfit(`${where} is ${shown(value)}, not a list`);
  for (const [n, wanted] of expected.entries()) {
    if (n >= value.length)
      throw new Unfit(`${where} has ${value.length} items, not ${expected.length}: ${shown(value)}`);
    match(value[n], wanted, `${where}[${n}]`, variables);
  }
  if (value.length > expected.length)
    throw new Unfit(`${where} has ${value.length} items, not ${expected.length}: ${shown(value)}`);
}

/** Undefined where there is none. */
function memberOf(value: unknown, name: string, where: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Unfit(`${where} is ${shown(value)}, not an object with ${name}`);
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

/** Keeps nothing. */
function matches(value: unknown, expected: unknown, variables: Variables): boolean {
  try {
    match(value, expected, "", new Map(variables));
    return true;
  } catch (thrown) {
    if (thrown instanceof Unfit) return false;
    throw thrown;
  }
}

const shownCharsMax = 600;

export function shown(value: unknown): string {
  const text = value === undefined ? "absent" : JSON.stringify(value);
  return text.length <= shownCharsMax ? text : `${text.slice(0, shownCharsMax)} … (${text.length} characters)`;
}
