import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyAttachment, plainAttachment } from "../../protocol/attachment.fixture.ts";
import { contentOverheadBytes } from "../../protocol/envelope.ts";
import { limits } from "../../protocol/limits.ts";
import { frameContent, readContent } from "./content.ts";

test("content is read as it was framed, and framed to the same bytes again", () => {
  fc.assert(
    fc.property(
      fc.array(anyAttachment, { maxLength: limits.attachmentsMax }),
      fc.uint8Array({ maxLength: 200 }),
      (attachments, body) => {
        const plain = frameContent(attachments, body);
        assert.deepEqual(readContent(plain), { attachments, body: Buffer.from(body) });
        assert.deepEqual(frameContent(structuredClone(attachments), body), plain);
        if (attachments.length === 0) assert.equal(plain.length, body.length + contentOverheadBytes);
      },
    ),
  );
});

test("the form is a version, the length of the attachments, these as canonical JSON, and the body", () => {
  assert.equal(frameContent([], Buffer.from("hi")).toString("hex"), "01000000006869");
  const json =
    `[{"bytes":70000,"content_type":"application/pdf","file_id":"${"a7".repeat(32)}",` +
    `"key":"${plainAttachment.key}","name":"report.pdf"}]`;
  const head = `01${json.length.toString(16).padStart(8, "0")}`;
  assert.equal(
    frameContent([plainAttachment], Buffer.from("hi")).toString("hex"),
    `${head}${Buffer.from(`${json}hi`).toString("hex")}`,
  );
});

test("only what an attachment says is sealed, and one that cannot be read is refused before it is", () => {
  const more = { ...plainAttachment, path: "/home/alice/report.pdf" };
  assert.deepEqual(frameContent([more], Buffer.alloc(0)), frameContent([plainAttachment], Buffer.alloc(0)));
  const wrong = [[{ ...plainAttachment, name: "a/b" }], new Array(limits.attachmentsMax + 1).fill(plainAttachment)];
  for (const list of wrong) assert.throws(() => frameContent(list, Buffer.alloc(0)), { code: "invalid_field" });
});

test("bytes of another form are no content", () => {
  const framed = (json: string, length = Buffer.byteLength(json)) => {
    const head = Buffer.from([1, 0, 0, 0, 0]);
    head.writeUInt32BE(length, 1);
    return Buffer.concat([head, Buffer.from(json)]);
  };
  const one = JSON.stringify([plainAttachment]);
  assert.notEqual(readContent(framed(one)), null);
  const wrong = [
    Buffer.alloc(0),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from([0, 0, 0, 0, 0]),
    Buffer.from([2, 0, 0, 0, 0, 1]),
    framed(one, one.length + 1),
    framed(one, 0xffff_ffff),
    framed(one.slice(0, -1)),
    framed("[]"),
    framed("null"),
    framed("{}"),
    framed(one.replace('"bytes":', '"bytes":1,"bytes":')),
    framed(`${"[".repeat(50)}${"]".repeat(50)}`),
    framed(JSON.stringify([{ ...plainAttachment, name: "../a" }])),
    Buffer.concat([Buffer.from([1, 0, 0, 0, 1]), Buffer.from([0xff])]),
  ];
  for (const plain of wrong) assert.equal(readContent(plain), null, plain.toString("latin1"));
});

test("no bytes make the reader throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(30), (bytes, length) => {
      readContent(Buffer.from(bytes));
      readContent(Buffer.concat([Buffer.from([1, 0, 0, 0, length]), bytes]));
    }),
    { numRuns: 1_000 },
  );
});
