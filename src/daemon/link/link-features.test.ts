import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import type { Log } from "../../base/log.ts";
import { closeReasonBytesMax } from "../../protocol/close-codes.ts";
import { everyFeature } from "../../protocol/features.ts";
import type { VersionView } from "../../protocol/version-api.ts";
import { answerWith, negotiationCases, windowV1, windowV2 } from "../../protocol/negotiation-matrix.fixture.ts";
import { dedupeParams, supported } from "./fake-broker.fixture.ts";
import { envelopes, type LinkBench, type LinkBenchChange, linkBench } from "./link-bench.fixture.ts";

const dedupe = "client_message_id_dedupe";
const knowing = (versions: readonly number[]) => ({ ...everyFeature(), [dedupe]: versions });

/** A daemon whose broker answers so, once it works by that or has ended: it does not dial again, whatever the answer. */
async function answered(t: TestContext, answer: unknown, change: LinkBenchChange): Promise<LinkBench> {
  const made = await linkBench(t, change);
  await (await made.broker.connection()).open({ features: answer as never });
  let state = "connecting";
  while (state === "connecting") {
    ({ state } = (await made.get("/v1/health"))["link"] as { state: string });
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(state === "connected" || state === "stopped", state);
  return made;
}

for (const { what, daemon, answer, verdict } of negotiationCases)
  test(`a daemon meets an answer to the features: ${what}`, async (t) => {
    const logged = keptLog();
    const made = await answered(t, answer, { features: knowing(daemon), log: logged.log });
    const failed = /^(feature_\w+) (\w+)$/.exec(verdict);
    if (failed !== null) {
      assert.equal((await made.daemon.ended)?.kind, failed[1]);
      const [warning] = logged.of("warn", "feature negotiation failed");
      assert.deepEqual([warning?.["kind"], warning?.["feature"]], failed.slice(1));
      return;
    }
    const told = (await made.get("/v1/version")) as unknown as VersionView;
    const { version } = (told.broker_features?.[dedupe] as { version?: unknown } | undefined) ?? {};
    const ignored = told.ignored_features ?? [];
    assert.equal(`ok ${version}${ignored.length === 0 ? "" : ` ignores ${ignored.join()}`}`, verdict);
    const [line, ...more] = logged.of("info", "features negotiated");
    assert.deepEqual(line?.["ignored"], ignored);
    assert.ok((line?.["agreed"] as string[] | undefined)?.includes(`${dedupe} ${version}`));
    assert.equal(more.length, 0);
    assert.equal(logged.of("debug", "the broker's answer to the features").length, 1);
  });

for (const [kind, code, features] of [
  ["feature_unavailable", 4010, { supported: {}, missing_required: ["client_message_id_dedupe"] }],
  ["feature_param_invalid", 4011, supported({ ...dedupeParams, version: 9 })],
  ["feature_param_invalid", 4011, supported({ ...dedupeParams, mode: "for a while" })],
  ["feature_param_invalid", 4011, supported({ ...dedupeParams, dedupe_retention_days: "many".repeat(50) })],
  ["feature_param_below_floor", 4012, supported({ ...dedupeParams, dedupe_retention_days: 2 })],
] as const) {
  test(`${kind}: the daemon says so in full, closes with ${code}, keeps an event of it, and ends`, async (t) => {
    const made = await linkBench(t);
    const link = await made.broker.connection();
    await link.open({ features: features as never });
    const error = await link.next("error");
    assert.deepEqual([error.code, error.closes, error.details?.["feature"]], [kind, true, "client_message_id_dedupe"]);
    const closed = await link.closed;
    assert.equal(closed.code, code);
    assert.ok(Buffer.byteLength(closed.reason) <= closeReasonBytesMax);
    const reason = JSON.parse(closed.reason) as { kind: string; feature: string };
    assert.deepEqual([reason.kind, reason.feature], [kind, "client_message_id_dedupe"]);
    assert.equal((await made.daemon.ended)?.kind, kind);
    const { at: _, ...told } = await made.event("feature_negotiation_failed");
    assert.deepEqual(told, error.details);
  });
}

test("three days of dedupe are enough, permanent is, and so is longer than anybody can count", async (t) => {
  for (const window of [
    { ...dedupeParams, dedupe_retention_days: 3 },
    { ...dedupeParams, dedupe_retention_days: Number.MAX_SAFE_INTEGER },
    { version: 2, mode: "permanent", fingerprint_versions: ["sha256-jcs-v2"] },
  ]) {
    const made = await answered(t, supported(window), {});
    await made.link("connected");
    await made.send("a");
  }
});

test("what is asked, what is required and the floor are told with and without a link, what was negotiated only with one", async (t) => {
  const made = await linkBench(t, { away: true });
  const away = (await made.get("/v1/version")) as unknown as VersionView;
  assert.deepEqual([away.broker_features, away.ignored_features], [null, null]);
  assert.deepEqual(away.required_features, [dedupe, "concurrent_connection_policy"]);
  assert.deepEqual(away.feature_floors, { [dedupe]: { dedupe_retention_days: 3 } });
  const { features, feature_floors } = await made.get("/v1/compat");
  assert.deepEqual((features as { require: unknown }).require, {
    [dedupe]: { versions: [1, 2] },
    concurrent_connection_policy: { versions: [1] },
  });
  assert.deepEqual(feature_floors, away.feature_floors);
});

test("whatever text stands in the place of hello_ack, the daemon ends for what a close code names or dials again, and lives", async (t) => {
  const texts = fc.sample(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.json(),
      fc.json().map((features) => `{"type":"hello_ack","features":${features}}`),
      fc.constantFrom(
        "",
        "{",
        '{"type":"hello_ack"',
        `{"type":"hello_ack","features":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}`,
        `{"type":"hello_ack","features":${"[".repeat(100_000)}`,
        '{"type":"hello_ack","__proto__":{"features":{}}}',
      ),
    ),
    { numRuns: 60, seed: 7 },
  );
  const bytes = [
    Buffer.from([0x7b, 0xff, 0x7d]),
    Buffer.from('{"type":"hello_ack","features":{"\xed\xa0\x80":1}}', "latin1"),
  ];
  const huge = `{"type":"hello_ack","features":{"supported":{"a":"${"x".repeat(5_000_000)}"}}}`;
  const made = await linkBench(t);
  for (const text of [...texts, ...bytes, huge]) {
    const link = await made.broker.connection();
    link.challenge();
    await link.next("hello");
    link.socket.send(text, { binary: false });
    await link.closed;
    await made.link("waiting");
    made.clock.advance(60_000);
  }
  await (await made.broker.connection()).open();
  await made.link("connected");
});

test("whatever a right hello_ack says of the features, the daemon ends by a negotiation that failed, or works by what it was told", async (t) => {
  const values = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom<unknown>(null, 1, "x".repeat(300), Array(65).fill(0), JSON.parse('{"__proto__":{"version":2}}')),
  );
  const answers = fc.sample(
    fc
      .tuple(
        fc.constantFrom("params", "parameter", "supported", "whole", "text"),
        fc.constantFrom(...Object.keys(windowV2)),
        values,
      )
      .map(([where, name, value]): string => {
        if (where === "whole") return JSON.stringify(value);
        if (where === "supported") return JSON.stringify({ supported: value, missing_required: [] });
        if (where === "params") return JSON.stringify(answerWith(value));
        if (where === "parameter") return JSON.stringify(answerWith({ ...windowV2, [name]: value }));
        return JSON.stringify(answerWith(windowV2)).replace("{", `{"__proto__":${JSON.stringify(value)},`);
      }),
    { numRuns: 40, seed: 11 },
  );
  for (const answer of answers) {
    const made = await answered(t, JSON.parse(answer), {});
    const { state } = (await made.get("/v1/health"))["link"] as { state: string };
    if (state !== "connected") {
      assert.match(
        (await made.daemon.ended)?.kind ?? "",
        /^feature_(unavailable|param_invalid|param_below_floor)$/,
        answer,
      );
      continue;
    }
    const told = (await made.get("/v1/version"))["broker_features"] as Record<string, Record<string, unknown>>;
    assert.ok([1, 2].includes(told[dedupe]?.["version"] as number), answer);
    await made.daemon.stop();
  }
});

for (const [what, versions, answer, sealed] of [
  ["version 1 of the feature", [1, 2], windowV1, 1],
  ["version 2", [1, 2], windowV2, 2],
  ["version 2 with the older fingerprints alone", [1, 2], { ...windowV2, fingerprint_versions: ["sha256-jcs-v1"] }, 1],
  ["a daemon that knows version 1 alone", [1], windowV1, 1],
] as const)
  test(`what is sent has the fingerprint that was negotiated: ${what}`, async (t) => {
    const made = await linkBench(t, { features: knowing(versions) });
    const link = await made.broker.connection();
    await link.open({ features: answerWith(answer) as never });
    await made.send("a");
    const [envelope] = await envelopes(link, 1);
    assert.equal(envelope?.version, sealed);
  });

for (const [what, answer, taken] of [
  ["takes it still", { ...windowV2, fingerprint_versions: ["sha256-jcs-v2", "sha256-jcs-v1"] }, true],
  ["takes it no longer", { ...windowV2, fingerprint_versions: ["sha256-jcs-v2"] }, false],
  ["knows version 1 of the feature alone", windowV1, true],
] as const)
  test(`a row that was sent under sha256-jcs-v1 without an answer is told of in the next hello, and the broker ${what}`, async (t) => {
    const made = await linkBench(t);
    const first = await made.broker.connection();
    const before = await first.open({ features: answerWith(windowV1) as never });
    assert.equal(before.features.require[dedupe]?.holds, undefined);
    await made.send("a");
    await made.send("b");
    const sent = await envelopes(first, 2);
    first.socket.terminate();
    await made.link("waiting");
    made.clock.advance(60_000);
    const second = await made.broker.connection();
    const hello = await second.open({ features: answerWith(answer) as never });
    assert.deepEqual(hello.features.require[dedupe], { versions: [1, 2], holds: ["sha256-jcs-v1"] });
    if (taken) return assert.deepEqual(await envelopes(second, 2), sent);
    const error = await second.next("error");
    assert.equal(error.code, "feature_param_invalid");
    assert.match(error.message, /no longer takes sha256-jcs-v1, under which 2 rows were sent without an answer/);
    const ended = await made.daemon.ended;
    assert.equal(ended?.kind, "feature_param_invalid");
    assert.match(ended?.hint ?? "", /claudemesh outbox list .*requeue/);
  });

/** What was logged, by level and message. */
function keptLog() {
  const lines: { level: string; fields: Record<string, unknown>; message: string }[] = [];
  const at = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, fields, message });
  const log: Log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return {
    log,
    of: (level: string, message: string) =>
      lines.filter((line) => line.level === level && line.message === message).map(({ fields }) => fields),
  };
}
