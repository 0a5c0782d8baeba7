import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../limits.ts";
import { refusal, refusalError, resultOrRefusal } from "../refusal.fixture.ts";
import { fullChain } from "./chain.fixture.ts";
import { entryText, type MembershipEntry } from "./entry.ts";
import { readEntry } from "./read-entry.ts";

const { entries } = fullChain();
const kinds = [...new Map(entries.map((entry) => [entry.kind, entry])).values()];
const id = "ab".repeat(32);

function ofKind(kind: MembershipEntry["kind"]): Record<string, unknown> {
  const entry = entries.find((candidate) => candidate.kind === kind);
  assert.ok(entry !== undefined);
  return JSON.parse(entryText(entry)) as Record<string, unknown>;
}

function refused(value: unknown, about?: string): void {
  assert.equal(
    refusal(() => readEntry(value)),
    "membership_invalid",
    about ?? JSON.stringify(value),
  );
}

test("an entry of every kind is read to what it is, with nothing lost", () => {
  for (const entry of entries) assert.deepEqual(readEntry(JSON.parse(entryText(entry))), entry);
});

test("what is no object is no entry", () => {
  for (const value of [null, undefined, true, 7, "entry", [], [ofKind("leave")], () => ofKind("leave")])
    refused(value, String(value));
});

test("a field that is missing, or is one more, is refused in every kind and every part", () => {
  for (const entry of kinds) {
    const whole = ofKind(entry.kind);
    for (const path of paths(whole)) {
      refused(
        changed(whole, path, (part, field) => delete part[field]),
        `${entry.kind} without ${path.join(".")}`,
      );
      for (const extra of ["more", "constructor", "toString", "hasOwnProperty", "length"])
        refused(
          changed(whole, path, (part) => (part[extra] = null)),
          `${entry.kind} with ${extra} beside ${path.join(".")}`,
        );
    }
  }
});

test("`__proto__` is a field like any other, and brings in nothing that is missing", () => {
  const text = JSON.stringify(ofKind("leave"));
  refused(JSON.parse(text.replace("{", '{"__proto__":{},')));
  const { signature, ...rest } = ofKind("leave");
  refused(JSON.parse(JSON.stringify(rest).replace("{", `{"__proto__":{"signature":"${String(signature)}"},`)));
  const through = '{"__proto__":{"epoch":1,"seq":1}}';
  refused(JSON.parse(text.replace(/"through":\{[^}]*\}/, `"through":${through}`)));
  assert.equal(({} as Record<string, unknown>)["epoch"], undefined);
});

test("a value of another type, size or spelling is refused in every field", () => {
  const hostile = [
    null,
    true,
    -1,
    0.5,
    1e300,
    2 ** 53,
    "",
    "x".repeat(100_000),
    "\u0000",
    "\ud800",
    [],
    [[]],
    {},
    "__proto__",
  ];
  for (const entry of kinds) {
    const whole = ofKind(entry.kind);
    for (const path of paths(whole)) {
      for (const value of hostile) {
        const field = path.at(-1);
        const isSame = JSON.stringify(at(whole, path)) === JSON.stringify(value);
        const isAllowed =
          (value === null &&
            (field === "previous" || field === "unsealed_through" || field === "from" || field === "destinations")) ||
          (value === true && field === "unsealed") ||
          (Array.isArray(value) && value.length === 0 && (field === "from" || field === "destinations"));
        if (isSame || isAllowed) continue;
        const wrong = changed(whole, path, (part, name) => (part[name] = value));
        const code = refusal(() => readEntry(wrong));
        assert.ok(
          code === "membership_invalid" ||
            (field === "kind" && typeof value === "string" && code === "membership_newer"),
          `${entry.kind}: ${path.join(".")} = ${String(value).slice(0, 20)} gives ${code}`,
        );
      }
    }
  }
});

test("numbers have bounds: a chain's length, an invite's uses, a place of the log", () => {
  for (const n of [limits.membershipEntriesMax, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY, Number.NaN, "0"])
    refused({ ...ofKind("leave"), n });
  readEntry({ ...ofKind("leave"), n: limits.membershipEntriesMax - 1 });
  for (const uses of [0, limits.inviteUsesMax + 1, 1.5, "1"]) refused({ ...ofKind("invite"), uses });
  readEntry({ ...ofKind("invite"), uses: limits.inviteUsesMax });
  for (const seq of [-1, 0.1, 2 ** 53, "1"]) refused({ ...ofKind("leave"), through: { epoch: 0, seq } });
  readEntry({ ...ofKind("leave"), through: { epoch: 0, seq: Number.MAX_SAFE_INTEGER } });
});

test("lists are bounded, sorted and without duplicates: what has one meaning has one spelling", () => {
  const ids = (count: number) => Array.from({ length: count }, (_, index) => index.toString(16).padStart(64, "0"));
  const topics = (count: number) => Array.from({ length: count }, (_, index) => `#t${String(index).padStart(4, "0")}`);
  readEntry({ ...ofKind("dm_from"), from: ids(limits.dmFromMax) });
  readEntry({ ...ofKind("grants"), destinations: topics(limits.grantsMax) });
  refused({ ...ofKind("dm_from"), from: ids(limits.dmFromMax + 1) }, "too many");
  refused({ ...ofKind("grants"), destinations: topics(limits.grantsMax + 1) }, "too many");
  for (const from of [ids(2).reverse(), [id, id], [id.toUpperCase()], [id, null], ["alice"], [[id]]])
    refused({ ...ofKind("dm_from"), from });
  for (const destinations of [
    ["#b", "#a"],
    ["#a", "#a"],
    ["#A"],
    ["a"],
    ["@a"],
    ["queue:"],
    ["#"],
    ["# a"],
    [`#${"a".repeat(65)}`],
  ])
    refused({ ...ofKind("grants"), destinations });
});

test("names, ids and times have one spelling: capitals, look-alikes and ids as names are refused", () => {
  for (const name of [
    "Alice",
    "\u212aelvin",
    "al ice",
    "",
    "-a",
    "a/b",
    "@a",
    id,
    id.toUpperCase(),
    "ａ",
    "a\n",
    "a".repeat(65),
  ])
    refused({ ...ofKind("rename"), name });
  for (const by of [id.toUpperCase(), id.slice(1), `${id}0`, ` ${id}`, `${id}\n`]) refused({ ...ofKind("leave"), by });
  for (const time of [
    "2026-05-01T12:00:00Z",
    "2026-05-01T12:00:00.000+00:00",
    "2026-02-30T00:00:00.000Z",
    "now",
    "2026-05-01T12:00:00.000Z\n",
  ])
    refused({ ...ofKind("leave"), at: time });
  const signature = String(ofKind("leave")["signature"]);
  for (const wrong of [`${signature}=`, signature.slice(1), `${signature.slice(0, -1)}B`, signature.replace(/./, "+")])
    refused({ ...ofKind("leave"), signature: wrong });
  for (const destination of ["#Build", "build", "@mia", "queue:", "queue:A b", ""])
    refused({ ...ofKind("policy"), destination });
  for (const role of ["Owner", "root", "toString", "", 0]) refused({ ...ofKind("role"), role });
});

test("a kind that is not known is told as a newer one, with nothing of it that a terminal would obey", () => {
  for (const kind of ["demote", "constructor", "__proto__", "toString", "CREATE", `\u001b]0;x${"y".repeat(500)}`]) {
    const error = refusalError(() => readEntry({ ...ofKind("leave"), kind }));
    assert.equal(error.code, "membership_newer");
    assert.match(error.message, /^[\x20-\x7e]{1,200}$/);
  }
  const shown = refusalError(() => readEntry({ ...ofKind("leave"), ["\u001b[2J\n".repeat(100)]: 1 }));
  assert.match(shown.message, /^[\x20-\x7e]{1,200}$/);
});

test("whatever is read is read as it stands, or refused with the typed error", () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc
      .tuple(fc.constantFrom(...kinds), fc.string(), fc.jsonValue())
      .map(([entry, field, extra]) => ({ ...entry, [field]: extra })),
    fc
      .tuple(fc.constantFrom(...kinds), fc.constantFrom(...kinds))
      .map(([one, other]) => ({ ...one, ...other, kind: one.kind })),
  );
  fc.assert(
    fc.property(value, (candidate) => {
      const before = JSON.stringify(candidate);
      const read = resultOrRefusal(() => readEntry(candidate));
      if (!(read instanceof Error)) assert.equal(JSON.stringify(read), before);
    }),
    { numRuns: 2_000 },
  );
});

/** Of every field, in every part. */
function paths(value: Record<string, unknown>, above: readonly string[] = []): string[][] {
  return Object.entries(value).flatMap(([field, part]) => {
    const path = [...above, field];
    const isPart = typeof part === "object" && part !== null && !Array.isArray(part);
    return isPart ? [path, ...paths(part as Record<string, unknown>, path)] : [path];
  });
}

function at(value: Record<string, unknown>, path: readonly string[]): unknown {
  return path.reduce<unknown>((part, field) => (part as Record<string, unknown>)[field], value);
}

function changed(
  value: Record<string, unknown>,
  path: readonly string[],
  change: (part: Record<string, unknown>, field: string) => unknown,
): Record<string, unknown> {
  const copy = structuredClone(value);
  change(at(copy, path.slice(0, -1)) as Record<string, unknown>, path.at(-1) ?? "");
  return copy;
}
