import { isDeepStrictEqual } from "node:util";
import { parse, stringify } from "smol-toml";
import { ClaudemeshError } from "./error.ts";

/** Where a key stands, and what it is to be; null takes it out, so that its default counts. */
export interface ConfigEdit {
  readonly table: string;
  readonly key: string;
  readonly value: unknown;
}

/**
 * The text of a config.toml with one key changed. Lines are edited in place, because comments, order and the form of
 * everything else are the user's; the result is read again and must differ in that key alone. `source` is valid TOML.
 * Throws invalid_config for a form that cannot be edited in this way, an inline table for instance.
 */
export function editConfig(source: string, path: string, edit: ConfigEdit): string {
  const newline = source.includes("\r\n") ? "\r\n" : "\n";
  const lines = source.replaceAll("\r\n", "\n").split("\n");
  if (lines.at(-1) === "") lines.pop();
  const statements = readStatements(lines);
  const name = `${edit.table}.${edit.key}`;
  const present = statements.find((statement) => statement.name === name);
  if (edit.value === null) {
    if (present !== undefined) {
      lines.splice(present.first, present.last - present.first + 1);
      dropEmptyTable(lines, edit.table);
    }
  } else if (present !== undefined) {
    const text = lines.slice(present.first, present.last + 1).join("\n");
    lines.splice(present.first, present.last - present.first + 1, withValue(text, literal(edit.value)));
  } else insert(lines, statements, edit);
  const edited = lines.length === 0 ? "" : `${lines.join("\n")}\n`.replaceAll("\n", newline);
  if (!differsOnlyIn(source, edited, edit)) {
    throw new ClaudemeshError("invalid_config", `${path} is written in a form in which \`${name}\` cannot be changed`, {
      hint: `edit it by hand: ${path}`,
      details: { path },
    });
  }
  return edited;
}

/** One header or one key with its value, which may go over several lines. */
export interface Statement {
  readonly first: number;
  readonly last: number;
  /** The header it stands under or is; null before the first. */
  readonly table: string | null;
  /** `table.key`; null for a header. */
  readonly name: string | null;
}

export function readStatements(lines: readonly string[]): Statement[] {
  const statements: Statement[] = [];
  let table: string | null = null;
  for (let first = 0; first < lines.length; first += 1) {
    const line = lines[first] ?? "";
    const header = /^\s*\[+([^\]]*)\]/.exec(line)?.[1];
    if (header !== undefined) {
      table = bare(header);
      statements.push({ first, last: first, table, name: null });
      continue;
    }
    const key = /^\s*([A-Za-z0-9_."' \t-]+?)\s*=/.exec(line)?.[1];
    if (key === undefined) continue;
    const last = endOfValue(lines, first);
    statements.push({ first, last, table, name: table === null ? bare(key) : `${table}.${bare(key)}` });
    first = last;
  }
  return statements;
}

/** The parser itself says where a value ends: at the first line with which the text is complete. */
function endOfValue(lines: readonly string[], first: number): number {
  for (let last = first; last < lines.length; last += 1)
    if (isToml(lines.slice(first, last + 1).join("\n"))) return last;
  return first;
}

function bare(written: string): string {
  return written.replace(/["'\s]/g, "");
}

/** A value as TOML writes it. */
export function literal(value: unknown): string {
  return stringify({ v: value }).trim().slice("v = ".length);
}

/** The value alone is replaced: what stands before it and a comment behind it stay. */
function withValue(statement: string, value: string): string {
  const equals = statement.indexOf("=");
  const prefix = /^=[ \t]*/.exec(statement.slice(equals))?.[0] ?? "=";
  const rest = statement.slice(equals + prefix.length);
  let comment = "";
  for (let at = rest.indexOf("#"); at !== -1 && comment === ""; at = rest.indexOf("#", at + 1))
    if (isToml(`v = ${rest.slice(0, at)}`)) comment = (/[ \t]*$/.exec(rest.slice(0, at))?.[0] ?? "") + rest.slice(at);
  return statement.slice(0, equals) + prefix + value + comment;
}

/** Behind the last key of its table; a new table comes last. */
function insert(lines: string[], statements: readonly Statement[], { table, key, value }: ConfigEdit): void {
  const last = statements.findLast((statement) => statement.table === table);
  if (last !== undefined) {
    lines.splice(last.last + 1, 0, `${key} = ${literal(value)}`);
    return;
  }
  const dotted = statements.findLast(({ table: under, name }) => under === null && name?.startsWith(`${table}.`));
  if (dotted !== undefined) {
    lines.splice(dotted.last + 1, 0, `${table}.${key} = ${literal(value)}`);
    return;
  }
  if (lines.length > 0 && lines.at(-1)?.trim() !== "") lines.push("");
  lines.push(`[${table}]`, `${key} = ${literal(value)}`);
}

/** A program of before that does not know the table refuses it, also when nothing stands in it. What its user wrote there stays. */
function dropEmptyTable(lines: string[], table: string): void {
  const headers = readStatements(lines).filter(({ name }) => name === null);
  const at = headers.findIndex((header) => header.table === table);
  const header = headers[at];
  if (header === undefined || !/^\s*\[[^\]]*\]\s*$/.test(lines[header.first] ?? "")) return;
  const end = headers[at + 1]?.first ?? lines.length;
  if (lines.slice(header.first + 1, end).some((line) => line.trim() !== "")) return;
  lines.splice(header.first, end - header.first);
  if (lines.length === header.first) while (lines.at(-1)?.trim() === "") lines.pop();
}

function differsOnlyIn(before: string, after: string, { table, key, value }: ConfigEdit): boolean {
  if (!isToml(after)) return false;
  const expected = structuredClone(parse(before)) as Record<string, Record<string, unknown>>;
  const found = parse(after) as Record<string, Record<string, unknown>>;
  if (value === null) delete expected[table]?.[key];
  else expected[table] = { ...expected[table], [key]: value };
  // A table without keys says the same as none.
  for (const tables of [expected, found])
    if (tables[table] !== undefined && Object.keys(tables[table]).length === 0) delete tables[table];
  return isDeepStrictEqual(plain(found), plain(expected));
}

/** Without what a parser adds to its objects. */
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function isToml(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
