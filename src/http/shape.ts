import { ClaudemeshError } from "../protocol/error.ts";
import { suggest } from "../protocol/suggest.ts";

/**
 * The shape of a request or an answer, as one value: it reads, it refuses (unknown_field, missing_field,
 * invalid_field), and its `schema` is the JSON Schema that the API's description is generated from. Plain functions
 * instead of a schema library, because the daemon would carry that library's 20 MB for life.
 */
export type Shape = Readonly<Record<string, Field<unknown>>>;

export interface Field<T> {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly required: boolean;
  /** `value` is JSON, or the text of a query parameter. Throws invalid_field. */
  read(value: unknown, name: string): T;
}

export interface OptionalField<T> extends Field<T | undefined> {
  readonly required: false;
  readonly present: Field<T>;
}

/** What reading a shape yields. An optional field that was not written is `undefined`. */
export type Reading<S extends Shape> = { readonly [Name in keyof S]: S[Name] extends Field<infer T> ? T : never };

/** Where a value was written, as refusals name it. */
export type Place = "field" | "query parameter" | "header";

/** Reads `value` by `shape`. `aliases` are names often written by mistake, with what is meant. */
export function readShape<S extends Shape>(
  shape: S,
  value: unknown,
  what: Place,
  aliases: Readonly<Record<string, string>> = {},
): Reading<S> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ClaudemeshError("invalid_field", "the request body must be a JSON object");
  }
  const written = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(written)) {
    if (!Object.hasOwn(shape, name)) throw unknownName(name, shape, what, aliases);
  }
  const reading: Record<string, unknown> = {};
  for (const name in shape) {
    const field = shape[name];
    if (field === undefined) continue;
    if (Object.hasOwn(written, name)) reading[name] = field.read(written[name], name);
    else if (field.required)
      throw new ClaudemeshError("missing_field", `the ${what} \`${name}\` is missing`, { details: { field: name } });
  }
  return reading as Reading<S>;
}

function unknownName(
  name: string,
  shape: Shape,
  what: string,
  aliases: Readonly<Record<string, string>>,
): ClaudemeshError {
  const shown = name.slice(0, 64);
  const lower = name.toLowerCase();
  const meant = (Object.hasOwn(aliases, lower) ? aliases[lower] : undefined) ?? suggest(name, Object.keys(shape))[0];
  return new ClaudemeshError("unknown_field", `unknown ${what} \`${shown}\``, {
    hint: meant === undefined ? `known: ${Object.keys(shape).join(", ") || "none"}` : `did you mean \`${meant}\`?`,
    details: { field: shown, ...(meant === undefined ? {} : { suggestion: meant }) },
  });
}

export function optional<T>(field: Field<T>): OptionalField<T> {
  return { schema: field.schema, required: false, read: field.read, present: field };
}

/**
 * Adds to the schema what the field itself does not check: what it means, and bounds that are refused further in, with
 * codes of their own.
 */
export function described<F extends Field<unknown>>(
  field: F,
  description: string,
  bounds: Readonly<Record<string, unknown>> = {},
): F {
  return { ...field, schema: { ...field.schema, ...bounds, description } };
}

/**
 * A parameter of a path. What cannot be one names nothing, so it is refused as what is missing and not as ill-formed;
 * and a thing has one path, so that `01` is not another name for `1`.
 */
export function inPath<T extends string | number>(field: Field<T>, missing: () => ClaudemeshError): Field<T> {
  return {
    ...field,
    read(value, name) {
      let read: T;
      try {
        read = field.read(value, name);
      } catch {
        throw missing();
      }
      if (String(read) !== value) throw missing();
      return read;
    },
  };
}

/** `form`: what the text must look like, and how to say so. */
export function text(options: { charsMax?: number; form?: { pattern: RegExp; said: string } } = {}): Field<string> {
  const { form } = options;
  return {
    schema: {
      type: "string",
      ...(options.charsMax === undefined ? {} : { maxLength: options.charsMax }),
      ...(form === undefined ? {} : { pattern: form.pattern.source }),
    },
    required: true,
    read(value, name) {
      if (typeof value !== "string") throw invalid(name, "must be text");
      if (options.charsMax !== undefined && value.length > options.charsMax)
        throw invalid(name, `must have at most ${options.charsMax} characters`);
      if (form !== undefined && !form.pattern.test(value)) throw invalid(name, form.said);
      return value;
    },
  };
}

export function oneOf<const T extends string>(...choices: readonly T[]): Field<T> {
  return {
    schema: { type: "string", enum: choices },
    required: true,
    read(value, name) {
      const choice = choices.find((candidate) => candidate === value);
      if (choice === undefined) throw invalid(name, `must be one of ${choices.join(", ")}`);
      return choice;
    },
  };
}

/** A comma-separated list of choices in a query. */
export function someOf<const T extends string>(...choices: readonly T[]): Field<readonly T[]> {
  const one = oneOf(...choices);
  return {
    schema: { type: "array", items: one.schema, minItems: 1 },
    required: true,
    read: (value, name) =>
      typeof value === "string" ? value.split(",").map((part) => one.read(part, name)) : [one.read(value, name)],
  };
}

/** A JSON boolean; in a query `true` or `false`. */
export function truth(): Field<boolean> {
  return {
    schema: { type: "boolean" },
    required: true,
    read(value, name) {
      if (value === true || value === "true") return true;
      if (value === false || value === "false") return false;
      throw invalid(name, "must be true or false");
    },
  };
}

/** A whole number; in a query decimal digits. */
export function whole(min: number, max: number): Field<number> {
  return {
    schema: { type: "integer", minimum: min, maximum: max },
    required: true,
    read(value, name) {
      const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
      if (typeof number !== "number" || !Number.isSafeInteger(number) || number < min || number > max) {
        throw invalid(name, `must be a whole number from ${min} to ${max}`);
      }
      return number;
    },
  };
}

export function listOf<T>(item: Field<T>, itemsMax: number): Field<readonly T[]> {
  return {
    schema: { type: "array", items: item.schema, maxItems: itemsMax },
    required: true,
    read(value, name) {
      if (!Array.isArray(value)) throw invalid(name, "must be a list");
      if (value.length > itemsMax) throw invalid(name, `must have at most ${itemsMax} entries`);
      return value.map((entry: unknown, index) => item.read(entry, `${name}[${index}]`));
    },
  };
}

/** Any JSON; checked by whoever takes it. */
export function anyJson(description: string): Field<unknown> {
  return { schema: { description }, required: true, read: (value) => value };
}

/** An object of its own shape. */
export function objectOf<S extends Shape>(shape: S): Field<Reading<S>> {
  return { schema: schemaOf(shape), required: true, read: (value) => readShape(shape, value, "field") };
}

/** JSON Schema of a whole shape. */
export function schemaOf(shape: Shape): Record<string, unknown> {
  return {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, field.schema])),
    required: Object.entries(shape)
      .filter(([, field]) => field.required)
      .map(([name]) => name),
  };
}

export function invalid(name: string, problem: string): ClaudemeshError {
  return new ClaudemeshError("invalid_field", `\`${name}\` ${problem}`, { details: { field: name } });
}
