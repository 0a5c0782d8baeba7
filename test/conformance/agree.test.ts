import assert from "node:assert/strict";
import { test } from "node:test";
import type { Adapter, Answer } from "../../conformance/adapter.ts";
import { agree } from "../../conformance/agree.ts";
import { compare, type Question } from "../../conformance/compare.ts";
import { checkPublished, es6Numbers, spelled } from "../../conformance/es6-numbers.ts";
import { languages } from "../../conformance/languages.ts";

test("the generated numbers are those of RFC 8785's authors, by the hashes that they publish", () => {
  assert.deepEqual(checkPublished(100_000), [
    { lines: 1_000, agrees: true },
    { lines: 10_000, agrees: true },
    { lines: 100_000, agrees: true },
  ]);
});

test("a number in another spelling is the same number", () => {
  let asked = 0;
  for (const value of es6Numbers()) {
    for (let turn = 0; turn < 6; turn += 1)
      assert.ok(Object.is(Number(spelled(value, turn)), value), spelled(value, turn));
    if (++asked === 5_000) break;
  }
});

test("5,000 numbers, 1,000 metas and 1,000 envelopes are answered alike in every language, and 2,000 questions of the link", async () => {
  const asked = languages.filter(({ missing }) => missing === null);
  assert.deepEqual(
    await agree(asked, { numbers: 5_000, metas: 1_000, envelopes: 1_000, link: 2_000 }, 20260726, () => {}),
    [],
  );
});

test("the first question that two answer differently is told with its number and its answers, and nothing is asked for ever", async () => {
  const voice = (odd: string): Adapter => ({
    ask: async (requests) =>
      requests.map(({ text }): Answer => (text === odd ? { ok: false, code: "x" } : { ok: true, canonical: text })),
    end: async () => 0,
    kill: async () => {},
  });
  const { difference, asked, outcomes } = await compare(
    counted(),
    1_000_000,
    { one: voice("2500"), other: voice("") },
    () => {},
  );
  assert.deepEqual(difference, {
    number: 2_500,
    request: { text: "2500" },
    answers: { one: { ok: false, code: "x" }, other: { ok: true, canonical: "2500" } },
  });
  assert.equal(asked, 2_000);
  // The batch after the one that differs may have been asked already.
  assert.ok((outcomes.get("ok") ?? 0) < 4_500);
});

test("an answer that all give and that is not the known one is a difference too", async () => {
  const wrong: Adapter = {
    ask: async (all) => all.map(() => ({ ok: true, canonical: "0" })),
    end: async () => 0,
    kill: async () => {},
  };
  const question: Question = { request: { text: "1" }, want: { ok: true, canonical: "1" } };
  const { difference } = await compare([question].values(), 1, { wrong }, () => {});
  assert.deepEqual(difference?.answers, {
    expected: { ok: true, canonical: "1" },
    wrong: { ok: true, canonical: "0" },
  });
});

function* counted(): Generator<Question> {
  for (let number = 1; ; number += 1) yield { request: { text: String(number) } };
}
