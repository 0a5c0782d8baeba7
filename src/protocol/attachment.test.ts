import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyAttachment, plainAttachment } from "./attachment.fixture.ts";
import { isAttachmentName, readAttachment, readAttachments } from "./attachment.ts";
import { limits } from "./limits.ts";

test("every field of an attachment survives JSON, and fields that are not known are dropped", () => {
  fc.assert(
    fc.property(anyAttachment, (attachment) => {
      assert.deepEqual(readAttachment(JSON.parse(JSON.stringify({ ...attachment, unknown: 1 }))), attachment);
    }),
  );
  assert.deepEqual(readAttachment(plainAttachment), plainAttachment);
});

test("a file's name is a name: no path, no control character, nothing that turns the direction of text", () => {
  const good = [
    "report.pdf",
    "no extension",
    "ü",
    "日本語.txt",
    "👨‍👩‍👧.png",
    "..a",
    "a..",
    ".env",
    "x".repeat(255),
    "ü".repeat(127),
  ];
  const bad = [
    "",
    ".",
    "..",
    "a/b",
    "/etc/passwd",
    "..\\a",
    "a\u0000",
    "a\nb",
    "a\u001b[2J",
    "a\u007f",
    "a\u0085",
    "gpj.\u202eexe",
    "a\u2066b",
    "a\u2028b",
    "a\ud800",
    "x".repeat(256),
    "ü".repeat(128),
  ];
  for (const name of good) assert.ok(isAttachmentName(name), name);
  for (const name of bad) {
    assert.ok(!isAttachmentName(name), JSON.stringify(name));
    assert.equal(readAttachment({ ...plainAttachment, name }), null);
  }
});

test("an attachment with a field that is missing or has another form is not read", () => {
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    name: [1, null, ["a"]],
    bytes: [-1, 1.5, "1", null, 2 ** 53, Number.NaN],
    content_type: ["", "text/plain\n", "tëxt", "x".repeat(129), 1, null],
    file_id: ["a", "A1".repeat(32), `${plainAttachment.file_id}0`, 1, null],
    key: [`${plainAttachment.key}=`, plainAttachment.key.slice(1), `${plainAttachment.key.slice(0, 42)}B`, "", 1, null],
  };
  for (const [field, values] of Object.entries(wrong))
    for (const value of [...values, undefined])
      assert.equal(readAttachment({ ...plainAttachment, [field]: value }), null, `${field} ${JSON.stringify(value)}`);
  for (const value of [undefined, null, 1, "x", [], [plainAttachment]]) assert.equal(readAttachment(value), null);
});

test("a list has as many attachments as a message may bring, and not one that is wrong", () => {
  const many = (count: number) => new Array(count).fill(plainAttachment);
  assert.deepEqual(readAttachments(many(limits.attachmentsMax)), many(limits.attachmentsMax));
  for (const value of [[], many(limits.attachmentsMax + 1), [plainAttachment, {}], { length: 1 }, null, "[]"])
    assert.equal(readAttachments(value), null);
});

test("no JSON value makes the reader throw", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(plainAttachment)), (value, field) => {
      readAttachments(value);
      const read = readAttachment({ ...plainAttachment, [field]: value });
      if (read !== null) assert.deepEqual(read, { ...plainAttachment, [field]: value });
    }),
    { numRuns: 500 },
  );
});
