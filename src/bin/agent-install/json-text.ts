import { ClaudemeshError } from "../../protocol/error.ts";
import type { Splice } from "../../protocol/splice.ts";

/** A JSON value and where it stands in its text. */
export type JsonNode =
  | { readonly kind: "object"; readonly start: number; readonly end: number; readonly members: readonly JsonMember[] }
  | { readonly kind: "array"; readonly start: number; readonly end: number; readonly elements: readonly JsonNode[] }
  | { readonly kind: "scalar"; readonly start: number; readonly end: number; readonly value: unknown };

export interface JsonMember {
  readonly key: string;
  /** Of the key's first quote. */
  readonly start: number;
  readonly node: JsonNode;
}

const depthMax = 200;
const token = /-?\d[-+.\deE]*|true|false|null|[{}[\],:]/y;

/**
 * Reads a settings file of another program as text, so that it can be edited in place. With `comments` it may hold comments and
 * commas before a closing bracket, as JSONC has. Throws invalid_config, with the line, for what is not JSON.
 */
export function readJson(text: string, path: string, comments = false): JsonNode {
  if (!comments) refuseUnlessJson(text, path);
  let at = 0;
  const fail = (why: string): never => {
    throw notJson(path, text, at, why);
  };
  const skip = (): void => {
    const space = comments ? /(?:[\s\uFEFF]|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y : /[\s\uFEFF]*/y;
    space.lastIndex = at;
    at += space.exec(text)?.[0].length ?? 0;
  };
  const next = (): string => {
    skip();
    token.lastIndex = at;
    const word = text[at] === '"' ? stringAt(text, at) : token.exec(text)?.[0];
    return word ?? fail("something else than JSON");
  };
  const take = (wanted: string): void => {
    if (next() !== wanted) fail(`no ${wanted}`);
    at += wanted.length;
  };
  const closes = (bracket: string, isFirst: boolean): boolean => {
    if (next() === bracket) return true;
    if (isFirst) return false;
    take(",");
    // A comma before the end is for JSONC alone; strict JSON was refused above.
    return next() === bracket;
  };
  const parsed = (word: string): unknown => {
    try {
      return JSON.parse(word);
    } catch {
      return fail("something else than JSON");
    }
  };
  const value = (depth: number): JsonNode => {
    if (depth > depthMax) fail("it is nested too deep");
    const word = next();
    const start = at;
    if (word === "{") {
      at += 1;
      const members: JsonMember[] = [];
      while (!closes("}", members.length === 0)) {
        const name = next();
        if (!name.startsWith('"')) fail("a name is missing");
        const member = at;
        at += name.length;
        take(":");
        members.push({ key: parsed(name) as string, start: member, node: value(depth + 1) });
      }
      at += 1;
      return { kind: "object", start, end: at, members };
    }
    if (word === "[") {
      at += 1;
      const elements: JsonNode[] = [];
      while (!closes("]", elements.length === 0)) elements.push(value(depth + 1));
      at += 1;
      return { kind: "array", start, end: at, elements };
    }
    if (/^[}\],:]$/.test(word)) fail(`a ${word} in the place of a value`);
    at += word.length;
    return { kind: "scalar", start, end: at, value: parsed(word) };
  };
  const node = value(0);
  skip();
  if (at < text.length) fail("something after its end");
  return node;
}

/** The string that begins at a place, with its quotes. Not by an expression, which needs room for each character of a long one. */
function stringAt(text: string, start: number): string | undefined {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text[first - 1] === "\\") first -= 1;
    if ((end - first) % 2 === 0) return text.slice(start, end + 1);
  }
  return undefined;
}

/** The value itself. */
export function plainValue(node: JsonNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "array") return node.elements.map(plainValue);
  return Object.fromEntries(node.members.map(({ key, node: held }) => [key, plainValue(held)]));
}

export function memberOf(node: JsonNode | null, key: string): JsonNode | null {
  if (node?.kind !== "object") return null;
  return node.members.findLast((member) => member.key === key)?.node ?? null;
}

/** Puts a member behind the others of an object, in the style that the text has. */
export function addMember(text: string, object: JsonNode & { kind: "object" }, key: string, value: unknown): Splice {
  const last = object.members.at(-1);
  const style = styleOf(text, object, object.members[0]?.start ?? null);
  const written = `${JSON.stringify(key)}: ${printed(value, style)}`;
  return behind(text, object, last?.node.end ?? null, written, style);
}

export function addElement(text: string, array: JsonNode & { kind: "array" }, value: unknown): Splice {
  const style = styleOf(text, array, array.elements[0]?.start ?? null);
  return behind(text, array, array.elements.at(-1)?.end ?? null, printed(value, style), style);
}

/** Takes out the `index`-th of what an object or array holds, with the comma that goes with it. */
export function removeAt(text: string, held: JsonNode & { kind: "object" | "array" }, index: number): Splice {
  const spans =
    held.kind === "object"
      ? held.members.map(({ start, node }) => ({ start, end: node.end }))
      : held.elements.map(({ start, end }) => ({ start, end }));
  const [before, own, after] = [spans[index - 1], spans[index], spans[index + 1]];
  if (own === undefined) return { at: held.start, remove: "", insert: "" };
  const [from, to] =
    after !== undefined
      ? [own.start, after.start]
      : before !== undefined
        ? [before.end, own.end]
        : [held.start + 1, held.end - 1];
  return { at: from, remove: text.slice(from, to), insert: "" };
}

interface Style {
  /** Of one level; empty: on one line. */
  readonly unit: string;
  /** Before what the object or array holds. */
  readonly indent: string;
  /** Before its closing bracket. */
  readonly outer: string;
  readonly newline: string;
}

function styleOf(text: string, held: JsonNode, first: number | null): Style {
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const outer = indentAt(text, held.start);
  if (first !== null && !text.slice(held.start, first).includes("\n")) return { unit: "", indent: "", outer, newline };
  const unit = /\n([ \t]+)"/.exec(text)?.[1] ?? "  ";
  return { unit, indent: first === null ? outer + unit : indentAt(text, first), outer, newline };
}

/** Space at the beginning of the line. */
function indentAt(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  return /^[ \t]*/.exec(line)?.[0] ?? "";
}

function printed(value: unknown, { unit, indent, newline }: Style): string {
  if (unit === "") return JSON.stringify(value);
  return JSON.stringify(value, null, unit).replaceAll("\n", `${newline}${indent}`);
}

function behind(text: string, held: JsonNode, last: number | null, written: string, style: Style): Splice {
  const { unit, indent, outer, newline } = style;
  if (last !== null)
    return { at: last, remove: "", insert: unit === "" ? `, ${written}` : `,${newline}${indent}${written}` };
  const [from, to] = [held.start + 1, held.end - 1];
  return { at: from, remove: text.slice(from, to), insert: `${newline}${indent}${written}${newline}${outer}` };
}

function refuseUnlessJson(text: string, path: string): void {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    const at = Number(/position (\d+)/.exec(String(cause))?.[1] ?? text.length);
    throw notJson(path, text, at, "it is not JSON");
  }
}

function notJson(path: string, text: string, at: number, why: string): ClaudemeshError {
  const line = text.slice(0, at).split("\n").length;
  return new ClaudemeshError("invalid_config", `${path} cannot be read, line ${line}: ${why}`, {
    hint: `nothing was changed; correct ${path}, then run the same command again`,
    details: { path, line },
  });
}
