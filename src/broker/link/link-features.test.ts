import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WebSocket } from "ws";
import { everyFeature, offerFeatures } from "../../protocol/features.ts";
import type { HelloFrame } from "../../protocol/frames.ts";
import { canonicalJson } from "../../protocol/json-canonical.ts";
import type { JsonValue } from "../../protocol/json-value.ts";
import { brokerFixture, type Fixture } from "../testing/fixture.ts";
import type { Identity } from "../testing/peer.ts";

const dedupe = "client_message_id_dedupe";
const policy = { concurrent_connection_policy: { versions: [1] } };
const asking = (versions: readonly number[]) => offerFeatures([], { ...everyFeature(), [dedupe]: versions });

for (const [broker, daemon, answered] of [
  [[1], [1], 1],
  [[1], [2], null],
  [[1], [1, 2], 1],
  [[2], [1], null],
  [[2], [2], 2],
  [[2], [1, 2], 2],
  [[1, 2], [1], 1],
  [[1, 2], [2], 2],
  [[1, 2], [2, 1], 2],
  [[1, 2], [1, 2, 3], 2],
  [[1, 2], [3, 900], null],
  [[1, 2], [1, 1, 1], 1],
] as const)
  test(`a broker of versions ${broker.join(" and ")} answers a daemon of ${daemon.join(", ")}: ${answered ?? "none"}`, async (t) => {
    const fixture = await brokerFixture(t, { features: { ...everyFeature(), [dedupe]: broker } });
    const peer = await fixture.connect(await fixture.member("alice"), { hello: { features: asking(daemon) } });
    const { supported, missing_required: missing } = peer.ack.features;
    assert.equal(supported[dedupe]?.params.version ?? null, answered);
    assert.deepEqual(missing, answered === null ? [dedupe] : []);
    const opened = fixture.logged.find(({ message }) => message === "link opened")?.fields;
    assert.deepEqual(opened?.["lacks"], missing);
    assert.ok(fixture.logged.some(({ level, message }) => level === "debug" && message === "features negotiated"));
  });

const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, { versions: [1] }]));

for (const [what, features, taken] of [
  ["nothing", null, false],
  ["a text", "all", false],
  ["a list", [], false],
  ["one half", { require: policy }, false],
  ["a list in one half", { require: policy, optional: [] }, false],
  ["no versions", { require: { [dedupe]: {} }, optional: {} }, false],
  ["an empty list of versions", { require: { [dedupe]: { versions: [] } }, optional: {} }, false],
  ["a single version", { require: { [dedupe]: { versions: 1 } }, optional: {} }, false],
  ["version 0", { require: {}, optional: { [dedupe]: { versions: [1, 0] } } }, false],
  ["half a version", { require: {}, optional: { [dedupe]: { versions: [1.5] } } }, false],
  ["a version as text", { require: {}, optional: { [dedupe]: { versions: ["1"] } } }, false],
  ["64 versions", { require: { [dedupe]: { versions: Array(64).fill(1) } }, optional: {} }, true],
  ["65 versions", { require: { [dedupe]: { versions: Array(65).fill(1) } }, optional: {} }, false],
  ["64 features", { require: many(64), optional: {} }, true],
  ["65 features, in both halves together", { require: many(64), optional: policy }, false],
  ["a name in capitals", { require: { A: { versions: [1] } }, optional: {} }, false],
  ["a name of nothing", { require: { "": { versions: [1] } }, optional: {} }, false],
  ["a name of 64 characters", { require: { ["a".repeat(64)]: { versions: [1] } }, optional: {} }, true],
  ["a name of 65 characters", { require: { ["a".repeat(65)]: { versions: [1] } }, optional: {} }, false],
  ["a name in both halves", { require: policy, optional: policy }, false],
  [
    "names that every object has",
    JSON.parse('{"require":{"__proto__":{"versions":[1]},"constructor":{"versions":[1]}},"optional":{}}'),
    true,
  ],
  ["unknown fields", { require: { [dedupe]: { versions: [1], note: { a: [1] } } }, optional: {}, more: 1 }, true],
  ["what is held", { require: { [dedupe]: { versions: [1], holds: ["sha256-jcs-v1"] } }, optional: {} }, true],
  ["what is held, as text", { require: { [dedupe]: { versions: [1], holds: "sha256-jcs-v1" } }, optional: {} }, false],
  [
    "what is held, without end",
    { require: { [dedupe]: { versions: [1], holds: Array(65).fill("a") } }, optional: {} },
    false,
  ],
] as const)
  test(`a signed hello that offers ${what} is ${taken ? "answered" : "refused with 4001"}`, async (t) => {
    const fixture = await brokerFixture(t);
    const alice = await fixture.member("alice");
    const opened = fixture.connect(alice, { hello: { features: features as never } });
    if (!taken) {
      await assert.rejects(opened, /closed 4001 .*"kind":"protocol_error"/);
      await fixture.connect(alice);
      return;
    }
    const { ack } = await opened;
    const { require } = features as HelloFrame["features"];
    for (const name of Object.keys(require))
      assert.ok(Object.hasOwn(ack.features.supported, name) !== ack.features.missing_required.includes(name), name);
  });

test("no offers, however malformed, crash a broker or pass silently: each is answered for every feature, or refused", async (t) => {
  const fixture = await brokerFixture(t);
  const alice = await fixture.member("alice");
  let answered = 0;
  const name = fc.constantFrom(dedupe, "max_payload", "__proto__", "constructor", "a", "A b");
  const versions = fc.oneof(
    { weight: 3, arbitrary: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }) },
    fc.array(fc.integer({ min: -1, max: 3 }), { maxLength: 4 }),
    fc.jsonValue({ maxDepth: 3 }),
  );
  const offers = fc.oneof(
    fc.dictionary(
      name,
      fc.oneof(fc.record({ versions, holds: versions }, { requiredKeys: ["versions"] }), fc.jsonValue({ maxDepth: 3 })),
      {
        maxKeys: 4,
        noNullPrototype: true,
      },
    ),
    fc.jsonValue({ maxDepth: 3 }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.record({ require: offers, optional: offers }), fc.jsonValue({ maxDepth: 3 })),
      async (features) => {
        fc.pre(canBeSigned(features));
        const outcome = await opened(fixture, alice, JSON.parse(JSON.stringify(features)));
        if (typeof outcome === "string") return assert.match(outcome, /closed 400[12] /);
        answered += 1;
        const { require, optional } = features as unknown as HelloFrame["features"];
        const { supported, missing_required: missing } = outcome;
        for (const [asked, { params }] of Object.entries(supported))
          assert.ok(((require[asked] ?? optional[asked])?.versions ?? []).includes(params.version), asked);
        for (const asked of Object.keys(require))
          assert.notEqual(Object.hasOwn(supported, asked), missing.includes(asked));
      },
    ),
    { numRuns: 150, examples: [[{ require: policy, optional: { a: { versions: [1], holds: ["b"] } } }]] },
  );
  assert.ok(answered > 0);
  await fixture.connect(alice);
});

test("whatever text stands in the place of hello is refused, and the broker lives", async (t) => {
  const fixture = await brokerFixture(t);
  const texts = fc.sample(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.json(),
      fc.json().map((features) => `{"type":"hello","features":${features}}`),
      fc.constantFrom(
        "",
        "{",
        `{"type":"hello","features":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}`,
        `{"type":"hello","features":${"[".repeat(100_000)}`,
      ),
    ),
    { numRuns: 60, seed: 5 },
  );
  const bytes = [
    Buffer.from([0x7b, 0xff, 0x7d]),
    Buffer.from('{"type":"hello","features":{"\xed\xa0\x80":1}}', "latin1"),
  ];
  const huge = `{"type":"hello","features":{"require":{"a":"${"x".repeat(3_000_000)}"}}}`;
  for (const text of [...texts, ...bytes, huge]) {
    const socket = new WebSocket(fixture.broker.url, "claudemesh.v1");
    socket.on("error", () => undefined).once("message", () => socket.send(text, { binary: false }));
    const code = await new Promise((resolve) => socket.once("close", resolve));
    assert.ok(code === 4001 || code === 1007, `${code} for ${String(text).slice(0, 200)}`);
  }
  await fixture.connect(await fixture.member("alice"));
});

/** A daemon that follows the protocol cannot sign everything that JSON can say. */
function canBeSigned(features: unknown): boolean {
  try {
    return canonicalJson(features as JsonValue) !== "";
  } catch {
    return false;
  }
}

/** The answer, or how the link was closed. */
async function opened(fixture: Fixture, identity: Identity, features: unknown) {
  try {
    const peer = await fixture.connect(identity, { hello: { features: features as never } });
    const { features: answer } = peer.ack;
    await peer.close();
    return answer;
  } catch (thrown) {
    return String(thrown);
  }
}
