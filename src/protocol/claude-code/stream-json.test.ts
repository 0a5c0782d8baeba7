import assert from "node:assert/strict";
import { test } from "node:test";
import { readStreamLine, userLine } from "./stream-json.ts";

test("a turn is one line whatever its text holds", () => {
  const text = 'two\nlines "quoted" \u2028 \u0000';
  const line = userLine(text);
  assert.equal(line.indexOf("\n"), line.length - 1);
  assert.deepEqual(JSON.parse(line), {
    type: "user",
    message: { role: "user", content: text },
    parent_tool_use_id: null,
  });
});

test("a result ends a turn, with or without success; a beginning names the session", () => {
  assert.deepEqual(
    readStreamLine('{"type":"result","subtype":"success","is_error":false,"result":"done","session_id":"s"}'),
    { type: "result", isError: false, text: "done" },
  );
  assert.deepEqual(readStreamLine('{"type":"result","subtype":"error_max_turns"}'), {
    type: "result",
    isError: true,
    text: null,
  });
  assert.deepEqual(readStreamLine('{"type":"result","subtype":"success","is_error":true,"result":"no"}'), {
    type: "result",
    isError: true,
    text: "no",
  });
  assert.deepEqual(readStreamLine('{"type":"system","subtype":"init","session_id":"s-1"}'), {
    type: "session",
    session_id: "s-1",
  });
});

test("whatever else a program writes is skipped and breaks nothing", () => {
  for (const line of [
    "",
    "null",
    "[]",
    "7",
    "{",
    '"result"',
    '{"type":"assistant","message":{"content":[{"type":"text","text":"{\\"type\\":\\"result\\"}"}]}}',
    '{"type":"system","subtype":"init","session_id":7}',
    '{"type":{"type":"result"}}',
    "\u001b[2J",
  ])
    assert.deepEqual(readStreamLine(line), { type: "other" }, line);
});
