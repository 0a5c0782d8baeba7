import assert from "node:assert/strict";
import { test } from "node:test";
import { match } from "../../conformance/runner/match.ts";
import { readFile, readScenarios } from "../../conformance/runner/read-scenarios.ts";
import { Unfit } from "../../conformance/runner/unfit.ts";
import { filled } from "../../conformance/runner/variables.ts";

/** A file of one scenario with these steps. */
const scenario = (steps: string, more = ""): string => `- name: one\n  proves: it\n${more}  steps:\n    ${steps}\n`;
const step = "- alice: health";
/** As it stands in a scenario. */
const variable = (name: string): string => `\${${name}}`;

test("there are scenarios for every row of the outbox table, and forty and more in all", () => {
  const names = readScenarios().map(({ name }) => name);
  assert.ok(names.length >= 40);
  for (const state of ["pending", "inflight", "done", "dead", "aborted"])
    for (const request of ["the same request", "another request"])
      assert.ok(names.includes(`outbox: ${state}, ${request}`), `${state}, ${request}`);
  assert.ok(names.includes("outbox: an id that no row holds makes a row"));
});

const miswritten: Readonly<Record<string, readonly [text: string, refusal: RegExp]>> = {
  "a key of a scenario": [scenario(step, "  member: [alice]\n"), /unknown key member; did you mean members\?/],
  "a key of a step": [scenario(`${step}\n      give: {}`), /unknown key give; did you mean gives\?/],
  "a key of a client": [scenario(step, "  clients: { app: { off: alice } }\n"), /unknown key off; did you mean of\?/],
  "an operation": [scenario("- alice: sned"), /unknown operation sned; did you mean send\?/],
  "a member of an operation": [
    scenario("- alice: message\n      with: { mesage_id: x }"),
    /unknown member of message mesage_id; did you mean message_id\?/,
  ],
  "a client": [scenario("- alise: health"), /unknown client or action alise; did you mean alice\?/],
  "a program": [scenario("- stop: brocker"), /unknown program brocker; did you mean broker\?/],
  "a judgement": [
    scenario(`${step}\n      gives: { pid: { $mathces: x } }`),
    /unknown judgement \$mathces; did you mean/,
  ],
  "two outcomes": [scenario(`${step}\n      gives: {}\n      fails: {}`), /gives and fails: one of them/],
  "an outcome of what was only begun": [scenario(`${step}\n      begin: x\n      gives: {}`), /judged where it ends/],
  "answers lost where no proxy stands": [
    scenario("- lose_answers: alice\n      path: /v1/send"),
    /alice is not over a proxy/,
  ],
  "a member beside those of the shared mesh": [scenario(step, "  members: [alice, carol]\n"), /say mesh: own/],
  "no steps": ["- name: one\n  proves: it\n", /steps has to be a list/],
  "no list": ["name: one\n", /a file of scenarios is a list/],
};

for (const [what, [text, refusal]] of Object.entries(miswritten))
  test(`a scenario is refused for ${what}, and it is told where`, () => {
    assert.throws(() => readFile("x.yaml", text), { name: "Miswritten", message: refusal });
    assert.throws(() => readFile("x.yaml", text), { message: /^x\.yaml/ });
  });

const fits: readonly (readonly [value: unknown, expected: unknown])[] = [
  [{ a: 1, b: 2 }, { a: 1 }],
  [
    [1, "x", null],
    [1, "x", null],
  ],
  [{ a: { b: [{ c: 1, d: 2 }] } }, { a: { b: [{ c: 1 }] } }],
  [7, { $keep: "seven", $is: 7, $at_least: 7, $not: 8, $any: true }],
  ["abc", { $matches: "^a", $length: 3 }],
  ["known", variable("known")],
  [[{ n: 1 }, { n: 2 }], { $contains: [{ n: 2 }], $length: 2 }],
  [{}, { a: { $absent: true } }],
  [{ a: null }, { a: { $absent: true } }],
  ["b", { $one_of: ["a", "b"] }],
  [{ a: 1 }, { $exactly: { a: 1 } }],
  ["xxx", { $repeat: "x", $times: 3 }],
];
const unfits: readonly (readonly [value: unknown, expected: unknown])[] = [
  [{ a: 1 }, { a: "1" }],
  [{ a: 1 }, { b: 1 }],
  [[1, 2], [1]],
  [[1], [1, 2]],
  [{ toString: 1 }, { valueOf: { $any: true } }],
  ["one", { a: 1 }],
  [null, { $any: true }],
  [7, { $at_least: 8 }],
  ["7", { $at_least: 7 }],
  [7, { $not: 7 }],
  ["abc", { $matches: "^b" }],
  [7, { $matches: "7" }],
  ["other", variable("known")],
  [[{ n: 1 }], { $contains: [{ n: 2 }] }],
  ["no list", { $contains: [], $length: 3 }],
  [{ a: 1 }, { a: { $absent: true } }],
  ["c", { $one_of: ["a", "b"] }],
  [{ a: 1, b: 2 }, { $exactly: { a: 1 } }],
  [undefined, { $keep: "nothing" }],
];

test("what is as expected fits, and what is not does not", () => {
  for (const [value, expected] of fits) match(value, expected, "it", new Map([["known", "known"]]));
  for (const [value, expected] of unfits)
    assert.throws(
      () => match(value, expected, "it", new Map([["known", "known"]])),
      Unfit,
      JSON.stringify([value, expected]),
    );
});

test("a variable keeps its kind where it stands alone, is text where it stands in one, and has to be known", () => {
  const variables = new Map<string, unknown>([
    ["row", 7],
    ["item", { id: 3 }],
  ]);
  assert.deepEqual(
    filled(
      { a: variable("row"), b: `row ${variable("row")}`, c: [variable("item.id")], d: { $text: variable("row") } },
      variables,
    ),
    {
      a: 7,
      b: "row 7",
      c: [3],
      d: "7",
    },
  );
  assert.throws(() => filled(variable("rwo"), variables), Unfit);
  assert.throws(() => filled(variable("item.toString"), variables), Unfit);
});
