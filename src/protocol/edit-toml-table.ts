import { isDeepStrictEqual } from "node:util";
import { parse } from "smol-toml";
import { literal, plain, readStatements } from "./edit-config.ts";
import { ClaudemeshError } from "./error.ts";
import { type Splice, spliced } from "./splice.ts";

/** A table of a TOML file of another program, such as `[mcp_servers.claudemesh]`. */
export interface TomlTable {
  readonly parent: string;
  readonly name: string;
}

type Value = string | readonly string[] | Readonly<Record<string, string>>;
export type TableValue = Readonly<Record<string, Value>>;

/** What the table holds; null: there is none. Throws invalid_config, with the line, for what is not TOML. */
export function tomlTable(text: string, path: string, { parent, name }: TomlTable): unknown {
  const tables = plain(read(text, path)) as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  return tables[parent]?.[name] ?? null;
}

/**
 * Changes after which the text holds the table as wanted, null for not at all. Lines are edited in place, because everything else
 * in the file is the user's; the result is read again and must differ in that table alone. Throws invalid_config for a table in
 * a form that has no lines of its own, an inline one for instance.
 */
export function editTomlTable(text: string, path: string, table: TomlTable, value: TableValue | null): Splice[] {
  const changes: Splice[] = [];
  let now = text;
  const apply = (change: Splice): void => {
    changes.push(change);
    now = spliced(now, change);
  };
  if (tomlTable(text, path, table) !== null) apply(removal(now, path, table));
  if (value !== null) apply(addition(now, table, value));
  if (!isAsWanted(text, now, path, table, value)) throw notEditable(path, table);
  return changes;
}

function addition(text: string, { parent, name }: TomlTable, value: TableValue): Splice {
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = [`[${parent}.${name}]`, ...Object.entries(value).map(([key, held]) => `${key} = ${written(held)}`), ""];
  const before = text === "" || /\n\s*\n$/.test(text) ? "" : text.endsWith("\n") ? newline : newline + newline;
  return { at: text.length, remove: "", insert: before + lines.join(newline) };
}

function written(value: Value): string {
  if (typeof value === "string" || Array.isArray(value)) return literal(value);
  const members = Object.entries(value).map(([key, held]) => `${key} = ${literal(held)}`);
  return `{ ${members.join(", ")} }`;
}

/** From its header to that of the next table which is not below it, with an empty line before it. */
function removal(text: string, path: string, table: TomlTable): Splice {
  const lines = text.split("\n");
  const headers = readStatements(lines.map((line) => line.replace(/\r$/, ""))).filter(({ name }) => name === null);
  const own = `${table.parent}.${table.name}`;
  const isOwn = (header: string | null): boolean => header === own || header?.startsWith(`${own}.`) === true;
  const at = headers.findIndex(({ table: header }) => isOwn(header));
  const header = headers[at];
  if (header === undefined) throw notEditable(path, table);
  const next = headers.slice(at).find(({ table: other }) => !isOwn(other));
  const begin = startOf(
    lines,
    header.first > 0 && lines[header.first - 1]?.trim() === "" ? header.first - 1 : header.first,
  );
  // A comment above the next table is that table's.
  let end = next?.first ?? lines.length;
  while (next !== undefined && /^\s*(#.*)?$/.test(lines[end - 1] ?? "") && end > header.first + 1) end -= 1;
  return { at: begin, remove: text.slice(begin, startOf(lines, end)), insert: "" };
}

function startOf(lines: readonly string[], line: number): number {
  const before = lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0);
  return Math.min(before, lines.join("\n").length);
}

function isAsWanted(before: string, after: string, path: string, table: TomlTable, value: TableValue | null): boolean {
  try {
    return (
      isDeepStrictEqual(without(read(after, path), table), without(read(before, path), table)) &&
      isDeepStrictEqual(tomlTable(after, path, table), value === null ? null : plain(value))
    );
  } catch {
    return false;
  }
}

function without(all: Readonly<Record<string, unknown>>, { parent, name }: TomlTable): unknown {
  const copy = plain(all) as Record<string, unknown>;
  const held = copy[parent] as Record<string, unknown> | undefined;
  if (held !== undefined) delete held[name];
  // A table without keys says the same as none.
  if (held !== undefined && Object.keys(held).length === 0) delete copy[parent];
  return copy;
}

function read(text: string, path: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text);
  } catch (cause) {
    const line = (cause as { readonly line?: unknown }).line;
    const where = typeof line === "number" ? `, line ${line}` : "";
    throw new ClaudemeshError("invalid_config", `${path} cannot be read${where}: it is not TOML`, {
      hint: `nothing was changed; correct ${path}, then run the same command again`,
      details: { path },
      cause,
    });
  }
}

function notEditable(path: string, { parent, name }: TomlTable): ClaudemeshError {
  return new ClaudemeshError(
    "invalid_config",
    `${path} is written in a form in which [${parent}.${name}] cannot be changed`,
    {
      hint: `nothing was changed; edit that table by hand in ${path}`,
      details: { path },
    },
  );
}
