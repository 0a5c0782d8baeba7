import type { ChoiceType, Field, ObjectType, SdkModel, Type } from "./model.ts";

/** `types.go` of the Go SDK: a struct for each view and for each body that is sent, and the error codes. As gofmt writes it. */
export function goTypes(model: SdkModel, version: string): string {
  const parts = [
    header,
    `// SDKVersion is the version of this package, which is that of the programs it was made with.\nconst SDKVersion = ${JSON.stringify(version)}`,
    ...model.choices.map(choice),
    ...model.answers.flatMap(view),
    ...model.requests.map(body),
    errorCodes(model),
    block(
      "const",
      Object.entries(model.limits).map(([name, value]) => [camel(name), `= ${value}`]),
    ),
  ];
  return `${parts.join("\n\n")}\n`;
}

const header = `// Shapes of the local API. Written by \`npm run docs\` from its description; do not edit.

package claudemesh

import "encoding/json"`;

/** A line of a declaration, its columns apart, or a comment. */
type Line = readonly string[];

/** Columns are as wide as their widest cell in lines that follow each other; a comment ends that. */
function aligned(lines: readonly Line[]): readonly string[] {
  const written: string[] = [];
  for (let from = 0; from < lines.length; ) {
    let to = from;
    while (to < lines.length && !isComment(lines[to])) to += 1;
    const run = lines.slice(from, to);
    const widths = (run[0] ?? []).map((_, column) => Math.max(...run.map((line) => line[column]?.length ?? 0)));
    for (const line of run)
      written.push(
        line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join(" "),
      );
    const comment = lines[to];
    if (comment !== undefined) written.push(comment.join(""));
    from = to + 1;
  }
  return written;
}

function isComment(line: Line | undefined): boolean {
  return line?.[0]?.startsWith("//") ?? false;
}

function block(keyword: "const" | "var", lines: readonly Line[]): string {
  return `${keyword} (\n${aligned(lines)
    .map((line) => `\t${line}\n`)
    .join("")})`;
}

function struct(name: string, lines: readonly Line[]): string {
  return `type ${name} struct {\n${aligned(lines)
    .map((line) => `\t${line}\n`)
    .join("")}}`;
}

function choice({ name, values }: ChoiceType): string {
  const told = `// ${name} is one of these words, or one that a later daemon answers with.\ntype ${name} string`;
  const words = values.map((value) => [`${name}${pascal(value)}`, name, `= ${JSON.stringify(value)}`]);
  return `${told}\n\n// Words of ${name}.\n${block("const", words)}`;
}

/**
 * An answer with two forms is one struct. It is written again in the form that it was read in, by a twin of the struct in which
 * the fields of that form are always there.
 */
function view({ name, description, fields }: ObjectType): readonly string[] {
  const sign = fields.find(({ absentWith }) => absentWith !== undefined)?.absentWith;
  const lines = (within: (field: Field) => boolean): readonly Line[] =>
    fields.flatMap((field) => [
      ...comment(field),
      [pascal(field.name), viewType(field), tag(field.name, within(field))],
    ]);
  const told = `// ${name} is ${description === "" ? "an answer of the daemon" : sentence(description)}.`;
  const whole = `${told}\n${struct(
    name,
    lines(({ required }) => !required),
  )}`;
  if (sign === undefined) return [whole];
  const twin = `whole${name}`;
  // A number that an earlier daemon does not tell is nil; null would be a number that is unknown.
  const isNil = ({ type, nullable }: Field): boolean =>
    type.kind === "object" || (type.kind === "integer" && !nullable);
  const isAbsent = (field: Field): boolean => !field.required && (field.name === sign || isNil(field));
  return [
    whole,
    `// ${twin} is a ${name} that has no \`${sign}\`.\n${struct(
      twin,
      lines(isAbsent).filter((line) => !isComment(line)),
    )}`,
    `// MarshalJSON writes the form that was read: null where a text is missing, nothing where it cannot be known.
func (v ${name}) MarshalJSON() ([]byte, error) {
	type parts ${name}
	if v.${pascal(sign)} != "" {
		return json.Marshal(parts(v))
	}
	return json.Marshal(${twin}(v))
}`,
  ];
}

function body({ name, fields }: ObjectType): string {
  const lines = fields.flatMap((field) => [
    ...comment(field),
    [pascal(field.name), bodyType(field), tag(field.name, !field.required)],
  ]);
  return `// ${name} is what the daemon is told; what has its zero value is left out.\n${struct(name, lines)}`;
}

function errorCodes({ errors }: SdkModel): string {
  const names = errors.map(({ code }) => [`Err${pascal(code)}`, "ErrorCode", `= ${JSON.stringify(code)}`]);
  const told = errors.map(({ code, status, retryable }) => `\t{Err${pascal(code)}, ${status}, ${retryable}},\n`);
  return `// Error codes of this version; docs/errors has a page for each.
${block("const", names)}

// codesTold is the HTTP status that each code travels as, and whether trying again can help.
var codesTold = [...]codeTold{\n${told.join("")}}`;
}

function tag(name: string, mayBeAbsent: boolean): string {
  return `\`json:"${name}${mayBeAbsent ? ",omitempty" : ""}"\``;
}

function comment({ name, type, description }: Field): readonly Line[] {
  if (typeOf(name, type) === "Bytes") return [["// The bytes themselves: only their JSON is base64url"]];
  return description === "" ? [] : [[`// ${oneLine(description)}`]];
}

/** A pointer where null tells something, or where an object is absent. */
function viewType({ name, type, required, nullable }: Field): string {
  const plain = typeOf(name, type);
  if (type.kind === "array" || type.kind === "map" || type.kind === "any") return plain;
  const mayBeAbsent = !required && (type.kind === "object" || type.kind === "integer");
  return nullable || mayBeAbsent ? `*${plain}` : plain;
}

/** Nothing that is left out differs from its zero value, but for objects. */
function bodyType({ name, type, required }: Field): string {
  const plain = typeOf(name, type);
  return type.kind === "object" && !required ? `*${plain}` : plain;
}

function typeOf(field: string, type: Type): string {
  switch (type.kind) {
    case "text":
      return field === "body" ? "Bytes" : "string";
    case "integer":
      return "int64";
    case "boolean":
      return "bool";
    case "any":
      return "any";
    case "array":
      return `[]${typeOf("", type.of)}`;
    case "map":
      return `map[string]${typeOf("", type.of)}`;
    case "object":
    case "choice":
      return type.name;
  }
}

/** As Go writes them: in capitals throughout. */
const initials: Readonly<Record<string, string>> = {
  api: "API",
  dm: "DM",
  dms: "DMs",
  id: "ID",
  ids: "IDs",
  ipc: "IPC",
  json: "JSON",
  ms: "MS",
  ok: "OK",
  pid: "PID",
  sqlite: "SQLite",
  url: "URL",
  utf8: "UTF8",
};

function pascal(name: string): string {
  // Words of a choice may have signs in them, which no name has.
  return name
    .split(/[^A-Za-z0-9]+/)
    .map((word) => initials[word] ?? word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

function camel(name: string): string {
  const [first = "", ...rest] = name.split("_");
  return first + pascal(rest.join("_"));
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

function sentence(text: string): string {
  const line = oneLine(text).replace(/\.$/, "");
  return line.charAt(0).toLowerCase() + line.slice(1);
}
