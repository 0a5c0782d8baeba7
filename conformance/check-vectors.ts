import { isUtf8 } from "node:buffer";
import { existsSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import {
  canonicalCases,
  closeReasonCases,
  fingerprintVectors,
  inputOf,
  negotiationVectors,
  rfcFiles,
  rfcFilesIn,
  rfcNumbers,
} from "../src/protocol/vectors.fixture.ts";
import type { Adapter, Answer, Request } from "./adapter.ts";
import { canonicalOf } from "./es6-numbers.ts";

/** One question with the answer that every language must give. */
export interface Check {
  readonly name: string;
  readonly request: Request;
  readonly want: Answer;
}

/** The authors' files as they may lie beside the checkout, from elsewhere than our copy. */
const sharedFolder = new URL("../../shared/vectors/rfc8785/", import.meta.url);

/** Every vector that a pure adapter answers, in the ways that it can be asked. */
export function vectorChecks(): Check[] {
  return [
    ...canonicalCases.flatMap((vector) =>
      canonicalChecks(
        vector.name,
        inputOf(vector),
        vector.error === undefined ? { ok: true, canonical: vector.canonical } : { ok: false, code: vector.error },
        vector.as === "meta" ? { as: "meta" } : {},
      ),
    ),
    ...rfcFiles.flatMap(rfcChecks("RFC 8785's")),
    ...(existsSync(sharedFolder) ? rfcFilesIn(sharedFolder).flatMap(rfcChecks("shared RFC 8785's")) : []),
    ...rfcNumbers.flatMap(({ bits }) => numberChecks(bits)),
    ...fingerprintChecks(),
  ];
}

/** Every vector of the link, which the TypeScript adapter alone answers. */
export function linkChecks(): Check[] {
  const { answers, judgements } = negotiationVectors;
  return [
    ...closeReasonCases.map(({ name, kind, feature, detail, reason }) => ({
      name,
      request: { op: "close_reason", kind, feature, detail },
      want: { ok: true as const, reason },
    })),
    ...answers.map(({ name, own, asked, answer }) => ({
      name,
      request: { op: "negotiate", own, asked },
      want: { ok: true as const, answer },
    })),
    ...judgements.map(({ name, offers, floor_days, ack_features, verdict }) => ({
      name,
      request: { op: "negotiate", offers, floor_days, ack_features },
      want: { ok: true as const, verdict },
    })),
  ];
}

/** What is wrong with an adapter's answers, one text each; none: nothing is. Each is asked in both forms that its line can have. */
export async function failures(adapter: Adapter, checks: readonly Check[]): Promise<string[]> {
  const requests = checks.map(({ request }) => request);
  const plain = await adapter.ask(requests);
  const escaped = await adapter.ask(requests, { ascii: true });
  return checks.flatMap(({ name, request, want }, index) => {
    const got = [plain[index], escaped[index]].find((answer) => !isDeepStrictEqual(answer, want));
    if (got === undefined) return [];
    return [`${name}\n  asked    ${shown(request)}\n  expected ${shown(want)}\n  got      ${shown(got)}`];
  });
}

/** As text where it is one, and as bytes where it has some. */
function canonicalChecks(name: string, source: Buffer | string, want: Answer, more: Request): Check[] {
  const asked = (input: Request): Request => ({ op: "canonicalize", ...input, ...more });
  if (typeof source === "string") return [{ name, request: asked({ text: source }), want }];
  const bytes = { name: `${name} (as bytes)`, request: asked({ base64url: source.toString("base64url") }), want };
  return isUtf8(source) ? [{ name, request: asked({ text: source.toString("utf8") }), want }, bytes] : [bytes];
}

function rfcChecks(whose: string): (file: (typeof rfcFiles)[number]) => Check[] {
  return ({ name, input, output }) =>
    canonicalChecks(`${whose} ${name}.json`, input, { ok: true, canonical: output.toString("utf8") }, {});
}

function numberChecks(bits: string): Check[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${bits}`));
  const value = view.getFloat64(0);
  if (!Number.isFinite(value)) return [];
  return [
    {
      name: `the double ${bits}`,
      request: { op: "canonicalize", text: value.toExponential(20) },
      want: canonicalOf(value),
    },
  ];
}

function fingerprintChecks(): Check[] {
  const { cases, refused, malformed } = fingerprintVectors;
  const check = (name: string, version: number, envelope: unknown, want: Answer): Check => ({
    name: `${name} (version ${version})`,
    request: { op: "fingerprint", version, envelope },
    want,
  });
  return [
    ...cases.flatMap(({ name, envelope, v1, v2, local }) => [
      check(name, 1, envelope, { ok: true, hex: v1 }),
      check(name, 2, envelope, { ok: true, hex: v2 }),
      check(`${name}, as its caller wrote it`, 2, { ...envelope, kind: "request" }, { ok: true, hex: local }),
    ]),
    ...[...refused, ...malformed].flatMap(({ name, envelope, error }) =>
      [1, 2].map((version) => check(name, version, envelope, { ok: false, code: error })),
    ),
    ...[0, 3, 1.5, "1", true].map((version) => ({
      name: `version ${JSON.stringify(version)}`,
      request: { op: "fingerprint", version, envelope: cases[0]?.envelope },
      want: { ok: false as const, code: "invalid_field" },
    })),
  ];
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length} characters)` : text;
}
