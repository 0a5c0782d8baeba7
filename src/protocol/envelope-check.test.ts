import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sealOverheadBytes } from "./envelope.ts";
import { anyEnvelope, plainEnvelope, sealedEnvelope } from "./envelope.fixture.ts";
import { checkEnvelope, checkUnsignedEnvelope, envelopeBody, isBase64Url } from "./envelope-check.ts";
import { ClaudemeshError } from "./error.ts";
import { refusal, refusalError, resultOrRefusal } from "./refusal.fixture.ts";

const alice = "a1".repeat(32);
const bob = "b2".repeat(32);

test("every field of a valid envelope survives the wire", () => {
  fc.assert(
    fc.property(anyEnvelope, (envelope) => {
      assert.deepEqual(checkEnvelope(JSON.parse(JSON.stringify(envelope))), envelope);
    }),
    { numRuns: 500 },
  );
});

test("the envelopes of these tests are valid, so that each refusal below has one cause", () => {
  for (const envelope of [plainEnvelope, sealedEnvelope]) assert.deepEqual(checkEnvelope(envelope), envelope);
});

test("unknown fields are dropped, and an absent optional field is null", () => {
  const { reply_to: _1, supersedes: _2, sealed_to: _3, membership_head: _4, ...rest } = plainEnvelope;
  const read = checkEnvelope({ ...rest, unknown: 1, toString: 2 });
  assert.deepEqual(read, {
    ...plainEnvelope,
    reply_to: null,
    supersedes: null,
    sealed_to: null,
    membership_head: null,
  });
  assert.deepEqual(Object.keys(read).sort(), Object.keys(plainEnvelope).sort());
});

test("a required field that is missing, null or of another type is refused by name", () => {
  const optional = ["reply_to", "supersedes", "sealed_to", "membership_head"];
  for (const field of Object.keys(plainEnvelope)) {
    const values = [undefined, null, true, 3, 1.5, {}, ["x"], [], "", "\u0000"].filter(
      (value) => !(optional.includes(field) && (value === null || value === undefined)) && !valid(field, value),
    );
    for (const value of values) {
      const error = refusalError(() => checkEnvelope({ ...plainEnvelope, [field]: value }));
      const profile = ["algorithm", "meta"].includes(field) && error.code !== "invalid_envelope";
      if (!profile) assert.deepEqual([error.code, error.details], ["invalid_envelope", { field }]);
    }
  }
});

test("each field of a form of its own is refused in every other", () => {
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    version: [0, 3, "2", 2.5],
    mesh_id: [plainEnvelope.mesh_id.toUpperCase(), "local", alice],
    sender: [alice.toUpperCase(), alice.slice(1), `@${alice}`],
    key_id: [alice.toUpperCase(), `${alice}0`],
    client_message_id: ["build-42", "a1a1a1a1a1a1a1a1:", `a1a1a1a1a1a1a1a1:${"x".repeat(97)}`, "a1a1a1a1a1a1a1a1:a b"],
    destination_kind: ["broadcast", "request", "DM"],
    reply_to: ["a1a1a1a1a1a1a1a1:x", "1"],
    supersedes: ["build-41"],
    priority: ["Now", "high"],
    mentions: [[bob, alice], [bob, bob], ["bob"], [`@${bob}`], new Array(65).fill(bob), { length: 0 }, bob],
    content_type: ["text/plain\n", "tëxt", "x".repeat(129)],
    sealed_to: ["xyz", "AB", "a".repeat(63), alice.toUpperCase(), alice],
    body: ["aGVsbG8=", "aGVs bG8", "a", "aGVsbG9=", "aG+s", "aG/s", "aGVsbG9", "aB"],
    request_fingerprint: [alice.toUpperCase(), alice.slice(2)],
    membership_head: [alice.toUpperCase(), "head"],
    signature: [
      plainEnvelope.signature.slice(1),
      `${plainEnvelope.signature}==`,
      `${plainEnvelope.signature.slice(0, 85)}x`,
    ],
    sent_at: [
      "2026-01-02T03:04:05Z",
      "2026-01-02T03:04:05.678+00:00",
      "2026-02-30T00:00:00.000Z",
      "2026-01-02 03:04:05.678Z",
      "1767323045678",
    ],
  };
  for (const [field, values] of Object.entries(wrong)) {
    for (const value of values) {
      const error = refusalError(() => checkEnvelope({ ...plainEnvelope, [field]: value }));
      assert.deepEqual(
        [error.code, error.details],
        ["invalid_envelope", { field }],
        `${field}: ${JSON.stringify(value)}`,
      );
    }
  }
});

test("a destination fits its kind: a member with an optional agent, or a name", () => {
  const good: [string, string][] = [
    ["dm", bob],
    ["dm", `${bob}/a`],
    ["topic", "a.b_c-1"],
    ["queue", "0"],
    ["topic", bob],
    ["queue", "x".repeat(64)],
  ];
  for (const [destination_kind, destination_ref] of good) {
    const read = checkEnvelope({ ...plainEnvelope, destination_kind, destination_ref });
    assert.deepEqual([read.destination_kind, read.destination_ref], [destination_kind, destination_ref]);
  }
  const bad: [string, string][] = [
    ["dm", "bob"],
    ["dm", `${bob}/`],
    ["dm", `${bob}x`],
    ["dm", `${bob}-agent`],
    ["dm", `${bob}/A`],
    ["dm", `${bob}/a/b`],
    ["dm", `${bob}/${"x".repeat(65)}`],
    ["dm", bob.toUpperCase()],
    ["topic", ""],
    ["topic", "#a"],
    ["topic", "A"],
    ["topic", `${bob}/a`],
    ["topic", "x".repeat(65)],
    ["queue", "a\u0000"],
    ["queue", "queue:a"],
  ];
  for (const [destination_kind, destination_ref] of bad) {
    const error = refusalError(() => checkEnvelope({ ...plainEnvelope, destination_kind, destination_ref }));
    assert.deepEqual(error.details, { field: "destination_ref" }, `${destination_kind} ${destination_ref}`);
  }
});

test("meta is held to the JSON profile and to its canonical form", () => {
  const refusals: [string, string][] = [
    ['{"b":1,"a":2}', "invalid_envelope"],
    ["{}", "invalid_envelope"],
    ['{"a":1,"a":1}', "duplicate_key"],
    ['{"a":1e20}', "number_out_of_range"],
    ["[]", "invalid_field"],
    ["{", "malformed_json"],
    ['{"a":"\ud800"}', "lone_surrogate"],
    [`{"k":"${"x".repeat(8_185)}"}`, "invalid_envelope"],
  ];
  for (const [meta, code] of refusals)
    assert.equal(
      refusal(() => checkEnvelope({ ...plainEnvelope, meta })),
      code,
      meta.slice(0, 40),
    );
  for (const meta of ["", '{"a":1}', '{"__proto__":1}'])
    assert.equal(checkEnvelope({ ...plainEnvelope, meta }).meta, meta);
});

test("a sealing algorithm that is not known is refused as such, so that a sender learns why", () => {
  assert.equal(
    refusal(() => checkEnvelope({ ...plainEnvelope, algorithm: "hpke" })),
    "unsupported_algorithm",
  );
  for (const algorithm of ["hpke-v2", "HPKE-V1", "toString", null, 1, ["none"]])
    assert.equal(
      refusal(() => checkEnvelope({ ...sealedEnvelope, algorithm })),
      "unsupported_algorithm",
    );
});

test("a sealing algorithm comes with what it sealed to, and with none there is nothing to name", () => {
  const topic = { ...sealedEnvelope, destination_kind: "topic", destination_ref: "ops", algorithm: "epoch-v1" };
  for (const envelope of [sealedEnvelope, topic]) {
    for (const sealed_to of [null, undefined, "", "ab", alice.slice(1), `${alice}0`, alice.toUpperCase(), 1]) {
      const error = refusalError(() => checkEnvelope({ ...envelope, sealed_to }));
      assert.deepEqual([error.code, error.details], ["invalid_envelope", { field: "sealed_to" }]);
    }
    const error = refusalError(() => checkEnvelope({ ...envelope, algorithm: "none" }));
    assert.deepEqual([error.code, error.details], ["invalid_envelope", { field: "sealed_to" }]);
  }
});

test("a member's message is sealed to its key, that of a topic or queue under an epoch, and never the other way", () => {
  const good: [string, string, string][] = [
    ["hpke-v1", "dm", bob],
    ["hpke-v1", "dm", `${bob}/reviewer`],
    ["epoch-v1", "topic", "ops"],
    ["epoch-v1", "queue", "ops"],
  ];
  const bad: [string, string, string][] = [
    ["hpke-v1", "topic", "ops"],
    ["hpke-v1", "queue", "ops"],
    ["epoch-v1", "dm", bob],
  ];
  const as = (algorithm: string, destination_kind: string, destination_ref: string) => () =>
    checkEnvelope({ ...sealedEnvelope, algorithm, destination_kind, destination_ref });
  for (const form of good) assert.equal(as(...form)().algorithm, form[0]);
  for (const form of bad) assert.deepEqual(refusalError(as(...form)).details, { field: "algorithm" });
});

test("a body that is shorter than its sealing alone makes it is refused", () => {
  const forms = [
    sealedEnvelope,
    { ...sealedEnvelope, destination_kind: "queue", destination_ref: "ops", algorithm: "epoch-v1" },
  ] as const;
  for (const form of forms) {
    const of = (bytes: number) => () =>
      checkEnvelope({ ...form, body: Buffer.alloc(bytes, 1).toString("base64url") }).body.length;
    const overhead = sealOverheadBytes[form.algorithm];
    assert.equal(of(overhead)(), Math.ceil((overhead * 4) / 3));
    for (let bytes = 0; bytes < overhead; bytes += 1)
      assert.deepEqual(refusalError(of(bytes)).details, { field: "body" }, `${form.algorithm} ${bytes}`);
  }
});

test("what nobody signed is not sealed either", () => {
  const unsigned = {
    ...plainEnvelope,
    key_id: "api:0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f12",
    destination_kind: "queue",
    destination_ref: "ops",
    supersedes: null,
    signature: "",
  };
  assert.equal(checkUnsignedEnvelope(unsigned).algorithm, "none");
  const { body } = sealedEnvelope;
  const error = refusalError(() =>
    checkUnsignedEnvelope({ ...unsigned, algorithm: "epoch-v1", sealed_to: alice, body }),
  );
  assert.deepEqual([error.code, error.details], ["invalid_envelope", { field: "algorithm" }]);
});

test("what is no object is no envelope", () => {
  for (const value of [undefined, null, true, 1, "x", [], [plainEnvelope], () => plainEnvelope]) {
    assert.equal(
      refusal(() => checkEnvelope(value)),
      "invalid_envelope",
    );
  }
});

test("no JSON value, and no envelope with one field replaced by any, throws anything but the typed error", () => {
  const field = fc.constantFrom(...Object.keys(plainEnvelope));
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), field, (value, name) => {
      resultOrRefusal(() => checkEnvelope(value));
      for (const envelope of [plainEnvelope, sealedEnvelope]) {
        const replaced = resultOrRefusal(() => checkEnvelope({ ...envelope, [name]: value }));
        if (!(replaced instanceof ClaudemeshError)) assert.deepEqual(replaced, { ...envelope, [name]: value });
      }
    }),
    { numRuns: 2_000 },
  );
});

test("bytes have one spelling in base64url: no padding, no unused bits, no other alphabet", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), fc.stringMatching(/^[A-Za-z0-9_=+/-]{0,9}$/), (bytes, text) => {
      const written = Buffer.from(bytes).toString("base64url");
      assert.ok(isBase64Url(written));
      assert.deepEqual(envelopeBody({ ...plainEnvelope, body: written }), Buffer.from(bytes));
      assert.equal(isBase64Url(text), Buffer.from(text, "base64url").toString("base64url") === text);
    }),
    { numRuns: 1_000 },
  );
});

/** Values that happen to be valid for a field. */
function valid(field: string, value: unknown): boolean {
  return (
    ((field === "meta" || field === "body") && value === "") || (field === "mentions" && JSON.stringify(value) === "[]")
  );
}
