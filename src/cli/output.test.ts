import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "../base/manual-clock.fixture.ts";
import { createOutput, defaultWidth } from "./output.ts";

function outputs(tty: boolean, env: Readonly<Record<string, string>> = {}) {
  const written = { stdout: "", stderr: "" };
  const sink = (name: "stdout" | "stderr") => ({ write: (text: string) => (written[name] += text), isTTY: tty });
  const clock = createManualClock(0);
  return { written, clock, out: createOutput(sink("stdout"), sink("stderr"), env, clock) };
}

test("whatever a command hands over, only our own emphasis reaches a terminal as a control sequence", () => {
  const { out, written } = outputs(true);
  out.line(`${out.paint.bold("@bob")} \u001b[8mhidden\u001b[2Jx\u009b1m`);
  out.note("\u001b]0;title\u0007");
  assert.equal(written.stdout, "\u001b[1m@bob\u001b[0m \\x1b[8mhidden\\x1b[2Jx\\x9b1m\n");
  assert.equal(written.stderr, "\\x1b]0;title\\x07\n");
});

test("JSON is the same for a program and safe for a terminal", () => {
  const { out, written } = outputs(false);
  const value = { a: "\u009b2J\u202e\u007f\u2028\u001b\ud800", "\u0085": 1 };
  out.json(value);
  assert.doesNotMatch(written.stdout, /[^\x20-\x7e\n]/);
  assert.deepEqual(JSON.parse(written.stdout), value);
});

test("progress is told to a terminal only, one line a second at most, and only what is new", () => {
  const pipe = outputs(false);
  pipe.out.progress("waiting");
  assert.equal(pipe.written.stderr, "");

  const { out, written, clock } = outputs(true);
  out.progress("sent 1 line");
  for (let lines = 2; lines <= 50; lines += 1) out.progress(`sent ${lines} lines`);
  assert.equal(written.stderr, "sent 1 line\n");
  clock.advance(999);
  assert.equal(written.stderr, "sent 1 line\n");
  clock.advance(1);
  assert.equal(written.stderr, "sent 1 line\nsent 50 lines\n");
  clock.advance(5_000);
  out.progress("sent 50 lines");
  assert.equal(written.stderr, "sent 1 line\nsent 50 lines\n");
  out.progress("sent 51 lines");
  out.progress("sent 52 lines");
  out.progress("sent 51 lines");
  clock.advance(1_000);
  out.progress("sent 52 lines");
  out.progress("sent 53 lines");
  out.end();
  clock.advance(5_000);
  out.progress("sent 54 lines");
  assert.equal(written.stderr, "sent 1 line\nsent 50 lines\nsent 51 lines\nsent 52 lines\n");
});

const red = "\u001b[31mx\u001b[0m";
const terminal = { write: () => true, isTTY: true, columns: 72 };
const pipe = { write: () => true };

for (const [what, sink, env, shown] of [
  ["a terminal", terminal, {}, red],
  ["a pipe", pipe, {}, "x"],
  ["a terminal that has none", terminal, { TERM: "dumb" }, "x"],
  ["a terminal whose user wants none", terminal, { NO_COLOR: "1" }, "x"],
  ["a terminal with an empty NO_COLOR, which says nothing", terminal, { NO_COLOR: "" }, red],
  ["a terminal with CLICOLOR=0", terminal, { CLICOLOR: "0" }, "x"],
  ["a pipe with FORCE_COLOR", pipe, { FORCE_COLOR: "1" }, red],
  ["a pipe with CLICOLOR_FORCE", pipe, { CLICOLOR_FORCE: "1" }, red],
  ["a pipe with CLICOLOR alone", pipe, { CLICOLOR: "1" }, "x"],
  ["a terminal with FORCE_COLOR=0", terminal, { FORCE_COLOR: "0" }, "x"],
  ["a dumb terminal with FORCE_COLOR", terminal, { TERM: "dumb", FORCE_COLOR: "1" }, red],
  ["anything when NO_COLOR and FORCE_COLOR disagree", terminal, { NO_COLOR: "1", FORCE_COLOR: "1" }, "x"],
] as const) {
  test(`colour on ${what}: ${shown === "x" ? "none" : "yes"}`, () => {
    assert.equal(createOutput(sink, pipe, env).paint.red("x"), shown);
  });
}

test("running text is as wide as the terminal, but never too narrow to read", () => {
  assert.equal(createOutput(terminal, pipe, {}).width, 72);
  assert.equal(createOutput({ ...terminal, columns: 10 }, pipe, {}).width, 40);
  assert.equal(createOutput(pipe, pipe, {}).width, defaultWidth);
});
