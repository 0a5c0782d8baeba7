import {
  canonicalJson,
  canonicalMeta,
  ClaudemeshError,
  type FingerprintedEnvelope,
  wireFingerprint,
} from "../../../src/client/sdk.ts";
import { answerLines } from "./answer-lines.ts";
import { linkOperations } from "./link-operations.ts";

/** What the SDK says without a daemon: canonical forms and fingerprints; and what the link's two sides say. See the README of this folder's parent. */

type Fields = Readonly<Record<string, unknown>>;

const kinds = ["topic", "dm", "queue", "request"] as const;
const priorities = ["now", "next", "low"] as const;

const operations: Readonly<Record<string, (request: Fields) => object>> = {
  canonicalize: (request) => ({ canonical: canonicalForm(request) }),
  fingerprint: (request) => ({ hex: fingerprint(request) }),
  ...linkOperations,
};

await answerLines(({ request, id, isUtf8 }) => {
  if (!isRecord(request)) return { id, ok: false, code: request === undefined ? "malformed_json" : "usage" };
  if (!isUtf8) return { id, ok: false, code: "invalid_utf8" };
  try {
    const operation = own(operations, request["op"]);
    if (operation === undefined) throw new ClaudemeshError("usage", "unknown op");
    return { id, ok: true, ...operation(request) };
  } catch (thrown) {
    return { id, ok: false, code: ClaudemeshError.from(thrown).code };
  }
});

function canonicalForm(request: Fields): string {
  const source = sourceOf(request);
  if (given(request, "as") === undefined) return canonicalJson(source);
  if (request["as"] === "meta") return canonicalMeta(source);
  throw invalid("as");
}

function sourceOf(request: Fields): string | Uint8Array {
  const text = given(request, "text");
  if (text === undefined) return bytesIn(request, "base64url") ?? missing("text");
  return typeof text === "string" ? text : invalid("text");
}

function fingerprint(request: Fields): string {
  const { version } = request;
  if (version !== 1 && version !== 2) return invalid("version");
  const envelope = given(request, "envelope") ?? missing("envelope");
  if (!isRecord(envelope)) return invalid("envelope");
  for (const name of ["mesh_id", "kind", "ref"]) given(envelope, name) ?? missing(name);
  const [meshId, kind, ref, priority] = ["mesh_id", "kind", "ref", "priority"].map((name) => text(envelope, name));
  const said = {
    mesh_id: meshId ?? "",
    ref: ref ?? "",
    reply_to: text(envelope, "reply_to") ?? null,
    meta: text(envelope, "meta_text") ?? null,
    mentions: mentions(envelope),
    content_type: text(envelope, "content_type") ?? null,
  };
  const written: FingerprintedEnvelope = {
    ...said,
    kind: oneOf(kinds, kind ?? "", "kind"),
    priority: priority === undefined ? null : oneOf(priorities, priority, "priority"),
    body: bytesIn(envelope, "body") ?? null,
  };
  return wireFingerprint(version, written);
}

function mentions(envelope: Fields): readonly string[] {
  const list = given(envelope, "mentions") ?? [];
  if (!Array.isArray(list)) return invalid("mentions");
  return list.map((mention: unknown) => (typeof mention === "string" ? mention : invalid("mentions")));
}

function text(fields: Fields, name: string): string | undefined {
  const value = given(fields, name);
  return value === undefined || typeof value === "string" ? value : invalid(name);
}

/** Bytes in base64url without padding, in their only spelling. */
function bytesIn(fields: Fields, name: string): Uint8Array | undefined {
  const written = text(fields, name);
  if (written === undefined) return undefined;
  const bytes = Buffer.from(written, "base64url");
  return bytes.toString("base64url") === written ? bytes : invalid(name);
}

function oneOf<T extends string>(choices: readonly T[], value: string, name: string): T {
  return choices.find((choice) => choice === value) ?? invalid(name);
}

/** Absent and null are the same. */
function given(fields: Fields, name: string): unknown {
  return own(fields, name) ?? undefined;
}

function own<T>(members: Readonly<Record<string, T>>, name: unknown): T | undefined {
  return typeof name === "string" && Object.hasOwn(members, name) ? members[name] : undefined;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function missing(name: string): never {
  throw new ClaudemeshError("missing_field", `${name} is missing`);
}

function invalid(name: string): never {
  throw new ClaudemeshError("invalid_field", `${name} has not its form`);
}
