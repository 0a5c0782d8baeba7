import { isRfc3339 } from "../protocol/time.ts";
import { type Field, invalid, type OptionalField, readShape, type Shape } from "./shape.ts";

/**
 * Fields of answers. An answer's shape describes it, and reads it in tests: what is sent and not described is found
 * there, while the schema leaves room for fields to come, since clients ignore what they do not know.
 */
export type View<S extends Shape> = Flat<
  {
    readonly [Name in keyof S as S[Name] extends OptionalField<unknown> ? never : Name]: S[Name] extends Field<infer T>
      ? T
      : never;
  } & {
    readonly [Name in keyof S as S[Name] extends OptionalField<unknown> ? Name : never]?: S[Name] extends OptionalField<
      infer T
    >
      ? T
      : never;
  }
>;

type Flat<T> = { readonly [Name in keyof T]: T[Name] };

/** Whether two types are the same one, optional fields included; mutual assignability would overlook those. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/**
 * `answerOf<SendResult>()(field)` is `field`, and compiles only while what it reads is exactly that interface: a field
 * added on one side alone stops the build. With a name it is a schema of its own in the API's description, which
 * generated clients make a type of.
 */
export function answerOf<T>(
  name?: string,
): <F extends Field<unknown>>(
  field: F &
    (F extends Field<infer R> ? (Same<Flat<R>, Flat<T>> extends true ? unknown : { readonly differsFrom: T }) : never),
) => Field<T> {
  return (field) => {
    const plain = field as unknown as Field<T>;
    return name === undefined ? plain : { ...plain, schema: { title: name, ...plain.schema } };
  };
}

/** An object of an answer. */
export function view<const S extends Shape>(shape: S): Field<View<S>> {
  return {
    schema: {
      type: "object",
      properties: Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, field.schema])),
      required: Object.entries(shape)
        .filter(([, field]) => field.required)
        .map(([name]) => name),
    },
    required: true,
    read: (value) => readShape(shape, value, "field") as View<S>,
  };
}

export function nullable<T>(field: Field<T>): Field<T | null> {
  const { type, enum: choices, title } = field.schema;
  // What has a name is the same wherever it stands: null is beside it there.
  const plain = typeof type === "string" && choices === undefined && title === undefined;
  return {
    schema: plain ? { ...field.schema, type: [type, "null"] } : { anyOf: [field.schema, { type: "null" }] },
    required: true,
    read: (value, name) => (value === null ? null : field.read(value, name)),
  };
}

/** A list that the answer's own page bounds. */
export function listing<T>(item: Field<T>): Field<readonly T[]> {
  return {
    schema: { type: "array", items: item.schema },
    required: true,
    read(value, name) {
      if (!Array.isArray(value)) throw invalid(name, "must be a list");
      return value.map((entry: unknown, index) => item.read(entry, `${name}[${index}]`));
    },
  };
}

/** An object with names of any kind. */
export function record<T>(entry: Field<T>): Field<Readonly<Record<string, T>>> {
  return {
    schema: { type: "object", additionalProperties: entry.schema },
    required: true,
    read(value, name) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(name, "must be an object");
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, entry.read(one, `${name}.${key}`)]));
    },
  };
}

/** A JSON number, whole and not negative. */
export function count(): Field<number> {
  return {
    schema: { type: "integer", minimum: 0 },
    required: true,
    read(value, name) {
      if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
        throw invalid(name, "must be a whole number");
      return value;
    },
  };
}

/** A JSON boolean. */
export function flag(): Field<boolean> {
  return {
    schema: { type: "boolean" },
    required: true,
    read(value, name) {
      if (typeof value !== "boolean") throw invalid(name, "must be true or false");
      return value;
    },
  };
}

export function constant<const T extends string | boolean>(only: T): Field<T> {
  return {
    schema: { type: typeof only, const: only },
    required: true,
    read(value, name) {
      if (value !== only) throw invalid(name, `must be ${String(only)}`);
      return only;
    },
  };
}

/** One of two forms; the first that fits is read. */
export function either<A, B>(one: Field<A>, other: Field<B>): Field<A | B> {
  return {
    schema: { anyOf: [one.schema, other.schema] },
    required: true,
    read(value, name) {
      try {
        return one.read(value, name);
      } catch {
        return other.read(value, name);
      }
    },
  };
}

/** A time as RFC 3339 with milliseconds, in UTC. */
export function instant(): Field<string> {
  return {
    schema: { type: "string", format: "date-time" },
    required: true,
    read(value, name) {
      if (typeof value !== "string" || !isRfc3339(value)) throw invalid(name, "must be a time in UTC");
      return value;
    },
  };
}

/** JSON inside a text, as in the data of an event. */
export function jsonText<T>(content: Field<T>): Field<T> {
  return {
    schema: { type: "string", contentMediaType: "application/json", contentSchema: content.schema },
    required: true,
    read(value, name) {
      if (typeof value !== "string") throw invalid(name, "must be text");
      return content.read(JSON.parse(value), name);
    },
  };
}
