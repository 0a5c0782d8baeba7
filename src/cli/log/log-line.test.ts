import assert from "node:assert/strict";
import { test } from "node:test";
import { createOutput } from "../output.ts";
import { isAtLeast, levelAtHead, logLineText } from "./log-line.ts";

const { paint } = createOutput({ write: () => true }, { write: () => true }, {});

test("a line is its time, level, message and fields, each in one form", () => {
  const line = JSON.stringify({
    level: 40,
    time: "2026-11-25T12:00:00.000Z",
    pid: 7,
    name: "daemon",
    reason: "two words",
    wait_ms: 12,
    member: "bob",
    features: { a: 1 },
    err: { type: "Error", message: "no space", stack: "Error\n at x" },
    msg: "link down",
  });
  assert.equal(
    logLineText(line, paint),
    '2026-11-25T12:00:00.000Z warn  link down reason="two words" wait_ms=12 member=bob features={"a":1} err="no space"',
  );
});

test("what could move the cursor is written out, in messages, names, values and lines of somebody else", () => {
  const hostile = "\u001b[2J\nx\u202e";
  const line = JSON.stringify({ level: 30, time: "t", msg: hostile, [hostile]: hostile, plain: "\u009b" });
  assert.equal(
    logLineText(line, paint),
    't info  \\x1b[2J\\nx\\u202e \\x1b[2J\\nx\\u202e="\\u001b[2J\\nx\\u202e" plain=\\x9b',
  );
  assert.equal(logLineText("no json \u001b[0m", paint), "no json \\x1b[0m");
});

test("a level is read from the head of a line; what has none is always shown", () => {
  assert.equal(levelAtHead('{"level":50,"time"'), 50);
  assert.equal(levelAtHead("Segmentation fault"), null);
  assert.deepEqual([isAtLeast(50, "warn"), isAtLeast(30, "warn"), isAtLeast(null, "fatal")], [true, false, true]);
});
