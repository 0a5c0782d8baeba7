import { Unfit } from "./unfit.ts";

/** What a scenario has kept, and what its mesh tells of itself. */
export type Variables = Map<string, unknown>;

const one = /^\$\{([^}]+)\}$/;
const every = /\$\{([^}]+)\}/g;

/**
 * A value of a scenario with its variables filled in: a text that is one `${name}` becomes the value itself, others hold it as text.
 * `{ $repeat: TEXT, $times: N }` becomes that long a text, and `{ $text: VALUE }` the value as text.
 */
export function filled(value: unknown, variables: Variables): unknown {
  if (typeof value === "string") {
    const whole = one.exec(value)?.[1];
    if (whole !== undefined) return named(whole, variables);
    return value.replaceAll(every, (_all, name: string) => String(named(name, variables)));
  }
  if (Array.isArray(value)) return value.map((item) => filled(item, variables));
  if (typeof value !== "object" || value === null) return value;
  const members = value as Readonly<Record<string, unknown>>;
  if ("$repeat" in members)
    return String(filled(members["$repeat"], variables)).repeat(Number(filled(members["$times"], variables)));
  if ("$text" in members) return String(filled(members["$text"], variables));
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, filled(member, variables)]));
}

/** `a.b` is member b of what is called a, unless something is called `a.b`. */
function named(name: string, variables: Variables): unknown {
  if (variables.has(name)) return variables.get(name);
  const dot = name.lastIndexOf(".");
  if (dot < 0) throw new Unfit(`nothing is called \${${name}} here`);
  const whole = named(name.slice(0, dot), variables);
  const member = name.slice(dot + 1);
  if (typeof whole !== "object" || whole === null || !Object.hasOwn(whole, member))
    throw new Unfit(`\${${name.slice(0, dot)}} has no ${member}`);
  return (whole as Readonly<Record<string, unknown>>)[member];
}
