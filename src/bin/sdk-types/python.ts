import type { Field, ObjectType, SdkModel, Type } from "./model.ts";

/** `_types.py` of the Python SDK: a frozen dataclass for each view, which reads itself from parsed JSON, a TypedDict for each body that is sent. */
export function pythonTypes(model: SdkModel): string {
  const choices = model.choices.map(
    ({ name, values }) => `${name} = Literal[\n${values.map((value) => `    ${JSON.stringify(value)},\n`).join("")}]`,
  );
  const names = [...model.choices, ...model.answers, ...model.requests].map(({ name }) => `    "${name}",\n`).sort();
  const exported = `__all__ = [\n${names.join("")}]`;
  const parts = [
    `${header}\n\n${exported}`,
    choices.join("\n"),
    ...model.answers.map(view),
    ...model.requests.map(body),
  ];
  return `${parts.join("\n\n\n")}\n`;
}

/** `_codes.py`: the error codes and the limits, which nothing else of the package has to be there for. */
export function pythonCodes({ errors, limits }: SdkModel): string {
  const codes = errors.map(
    ({ code, status, retryable }) => `    "${code}": (${status}, ${retryable ? "True" : "False"}),\n`,
  );
  const bounds = Object.entries(limits).map(([name, value]) => `${name.toUpperCase()}: Final = ${value}\n`);
  return `${codesHeader}#: Every error code of this version, with the HTTP status it travels as and whether repeating can help.
ERRORS: Final[Mapping[str, tuple[int, bool]]] = {\n${codes.join("")}}\n\n${bounds.join("")}`;
}

const codesHeader = `"""Error codes and limits. Written by \`npm run docs\`; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

`;

const header = `"""Shapes of the local API. Written by \`npm run docs\` from its description; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from ._reading import Reader, View, any_value, array_of, boolean, bytes_of, integer, map_of, text`;

/** Words of the language that are words of the API too. */
const reserved = new Set(["from", "global", "class", "import", "in", "is", "not", "pass", "self"]);

function attribute(name: string): string {
  return reserved.has(name) ? `${name}_` : name;
}

function view({ name, description, fields }: ObjectType): string {
  // Fields with a default follow those without.
  const ordered = [...fields.filter(({ required }) => required), ...fields.filter(({ required }) => !required)];
  const lines = [
    "@dataclass(frozen=True)",
    `class ${name}(View):`,
    ...(description === "" ? [] : [`    """${sentence(description)}"""`, ""]),
    ...ordered.flatMap(declaration),
    "",
    "    @classmethod",
    `    def from_json(cls, value: object) -> ${name}:`,
    `        read = Reader(value, ${JSON.stringify(name)})`,
    "        return cls(",
    ...ordered.map((field) => `            ${attribute(field.name)}=${reading(field)},`),
    "        )",
    ...contentProperty(ordered),
  ];
  return lines.join("\n");
}

/** Bytes are base64url in JSON, which nobody wants to read. */
function contentProperty(fields: readonly Field[]): readonly string[] {
  const found = fields.find(({ name, type }) => name === "body" && type.kind === "text");
  if (found === undefined) return [];
  const always = found.required && !found.nullable;
  return [
    "",
    "    @property",
    `    def content(self) -> bytes${always ? "" : " | None"}:`,
    '        """The bytes of the body."""',
    `        return ${always ? "" : "None if self.body is None else "}bytes_of(self.body)`,
  ];
}

function declaration(field: Field): readonly string[] {
  const { name, description, required, nullable } = field;
  const type = `${annotation(field.type)}${required && !nullable ? "" : " | None"}`;
  const json = attribute(name) === name ? [] : [`"json": ${JSON.stringify(name)}`];
  const absent = required ? [] : [`"optional": True`];
  const beside = field.absentWith === undefined ? [] : [`"absent_with": ${JSON.stringify(field.absentWith)}`];
  const told = [...json, ...absent, ...beside];
  const metadata = `field(${required ? "" : "default=None, "}metadata={${told.join(", ")}})`;
  return [
    ...(description === "" ? [] : [`    #: ${oneLine(description)}`]),
    `    ${attribute(name)}: ${type}${told.length === 0 ? "" : ` = ${metadata}`}`,
  ];
}

function reading({ name, type, required, nullable }: Field): string {
  const how = required ? (nullable ? "nullable" : "required") : "optional";
  return `read.${how}(${JSON.stringify(name)}, ${reader(type)})`;
}

function annotation(type: Type): string {
  switch (type.kind) {
    case "text":
      return "str";
    case "integer":
      return "int";
    case "boolean":
      return "bool";
    case "any":
      return "Any";
    case "array":
      return `tuple[${annotation(type.of)}, ...]`;
    case "map":
      return `Mapping[str, ${annotation(type.of)}]`;
    case "object":
      return type.name;
    case "choice":
      return `${type.name} | str`;
  }
}

function reader(type: Type): string {
  switch (type.kind) {
    case "text":
    case "choice":
      return "text";
    case "integer":
      return "integer";
    case "boolean":
      return "boolean";
    case "any":
      return "any_value";
    case "array":
      return `array_of(${reader(type.of)})`;
    case "map":
      return `map_of(${reader(type.of)})`;
    case "object":
      return `${type.name}.from_json`;
  }
}

function body({ name, description, fields }: ObjectType): string {
  const required = fields.filter((field) => field.required);
  const optional = fields.filter((field) => !field.required);
  const written = (field: Field): readonly string[] => [
    ...(field.description === "" ? [] : [`    #: ${oneLine(field.description)}`]),
    `    ${field.name}: ${bodyAnnotation(field.type)}${field.nullable ? " | None" : ""}`,
  ];
  const doc = description === "" ? [] : [`    """${sentence(description)}"""`, ""];
  // Without typing.Required, which Python 3.10 does not have.
  const base =
    required.length === 0 ? [] : [`class _${name}Required(TypedDict):`, ...required.flatMap(written), "", ""];
  const parent = required.length === 0 ? "TypedDict" : `_${name}Required`;
  return [...base, `class ${name}(${parent}, total=False):`, ...doc, ...optional.flatMap(written)].join("\n");
}

/** Of what is sent only the listed words are taken, and a list is a list. */
function bodyAnnotation(type: Type): string {
  if (type.kind === "choice") return type.name;
  if (type.kind === "array") return `list[${bodyAnnotation(type.of)}]`;
  return annotation(type);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

function sentence(text: string): string {
  const line = oneLine(text).replaceAll("\\", "\\\\").replaceAll('"""', "'''");
  return line.endsWith(".") ? line : `${line}.`;
}
