import assert from "node:assert/strict";
import { test } from "node:test";
import { ClaudemeshError } from "../protocol/error.ts";
import { createOutput } from "./output.ts";
import { asksForJson, reportError } from "./report-error.ts";

function report(error: ClaudemeshError, words: readonly string[]): { code: number; text: string } {
  let text = "";
  const out = createOutput(
    { write: () => assert.fail("nothing goes to standard output") },
    { write: (more) => (text += more) },
    {},
  );
  return { code: reportError(error, words, out), text };
}

const unknown = (to: string, ...suggestions: readonly string[]): ClaudemeshError =>
  new ClaudemeshError("unknown_destination", `${to} does not exist in this mesh`, {
    hint: suggestions.length > 0 ? `did you mean ${suggestions.join(" or ")}?` : "claudemesh members",
    details: { to, suggestions },
  });

for (const [words, error, hint] of [
  [["send", "@BOBB", "it's red"], unknown("@bobb", "@bob"), "did you mean @bob? claudemesh send @bob 'it'\\''s red'"],
  [["topic", "join", "biulds"], unknown("#biulds", "#builds"), "did you mean #builds? claudemesh topic join builds"],
  [["send", "#biulds", "x"], unknown("#biulds", "#builds"), "did you mean #builds? claudemesh send '#builds' x"],
  [["send", "@bobb", "@bobb"], unknown("@bobb", "@bob"), "did you mean @bob?"],
  [["send", "@bobb", "x".repeat(300)], unknown("@bobb", "@bob"), "did you mean @bob?"],
  [["send", "@bobb", "\u001b[2J"], unknown("@bobb", "@bob"), "did you mean @bob?"],
  [["send", "@bo", "x"], unknown("@bo", "@bob", "@boa"), "did you mean @bob or @boa?"],
  [["send", "@zed", "x"], unknown("@zed"), "claudemesh members"],
] as const) {
  test(`${JSON.stringify(words).slice(0, 60)}: the hint is ${hint}`, () => {
    const { code, text } = report(error, words);
    assert.deepEqual([code, text], [7, `error: ${error.message} (unknown_destination)\nhint: ${hint}\n`]);
  });
}

test("a message of several lines cannot look like lines of ours", () => {
  const { text } = report(new ClaudemeshError("internal", "bad\nhint: rm -rf ~\r\u001b[2J"), ["status"]);
  assert.equal(text, "error: bad hint: rm -rf ~\\x0d\\x1b[2J (internal)\nhint: claudemesh status\n");
});

test("with --json standard error holds one object, unless --json is a word of the message", () => {
  const { text } = report(unknown("@bobb", "@bob"), ["send", "@bobb", "x", "--json"]);
  assert.deepEqual(JSON.parse(text), {
    to: "@bobb",
    suggestions: ["@bob"],
    code: "unknown_destination",
    message: "@bobb does not exist in this mesh",
    hint: "did you mean @bob? claudemesh send @bob x --json",
    retryable: false,
  });
  assert.equal(asksForJson(["send", "@bob", "--", "--json"]), false);
});
