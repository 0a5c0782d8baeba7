import assert from "node:assert/strict";
import { test } from "node:test";
import { readReply } from "./read-reply.ts";

const read = (text: string) => readReply(Buffer.from(text), false);

test("an answer is one JSON object with a reply; nothing, null and an empty text are none", () => {
  assert.deepEqual(read('{"reply": "two\\nlines"}\n'), { kind: "reply", text: "two\nlines" });
  for (const nothing of ["", " \n", '{"reply": null}', '{"reply": ""}'])
    assert.deepEqual(read(nothing), { kind: "none" });
});

test("what is no answer is told and never sent", () => {
  for (const text of [
    "done",
    '{"reply": 7}',
    '{"Reply": "x"}',
    '["reply"]',
    '"x"',
    '{"reply": "x"} {"reply": "y"}',
    "{",
  ])
    assert.equal(read(text).kind, "not_understood", text);
  assert.equal(readReply(Buffer.from('{"reply": "x"}'), true).kind, "not_understood");
});
