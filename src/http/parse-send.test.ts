import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseJson } from "../protocol/json-parse.ts";
import { parseSend } from "./parse-send.ts";
import { sendAliases, sendShape } from "./send.schema.ts";
import { readShape } from "./shape.ts";

const parse = (body: unknown, header?: string) =>
  parseSend(readShape(sendShape, parseJson(JSON.stringify(body)), "field", sendAliases), header);
const uuid = "0198f0a0-0000-7000-8000-000000000001";

describe("a send as written", () => {
  it("gets its defaults: text as UTF-8 text, bytes as octets, priority next, no meta", () => {
    const sent = parse({ to: "@bob", message: "grüß\n" });
    assert.equal(sent.contentType, "text/plain; charset=utf-8");
    assert.equal(Buffer.from(sent.body).toString(), "grüß\n");
    assert.deepEqual([sent.priority, sent.meta, sent.replyTo, sent.clientMessageId], ["next", "", null, null]);
    const bytes = parse({ to: "@bob", body: "_-8" });
    assert.deepEqual([...bytes.body], [0xff, 0xef]);
    assert.equal(bytes.contentType, "application/octet-stream");
    assert.equal(parse({ to: "@bob", message: "" }).body.length, 0);
    assert.equal(parse({ to: "@bob", message: "", content_type: "text/markdown" }).contentType, "text/markdown");
  });

  it("takes its id from the header or the body, or from both when they agree", () => {
    assert.equal(parse({ to: "@b", message: "" }, "k-1").clientMessageId, "k-1");
    assert.equal(parse({ to: "@b", message: "", client_message_id: "k-1" }).clientMessageId, "k-1");
    assert.equal(parse({ to: "@b", message: "", client_message_id: "k-1" }, "k-1").clientMessageId, "k-1");
  });

  it("keeps meta in canonical form, and {} and null as none", () => {
    assert.equal(parse({ to: "@b", message: "", meta: { b: 1, a: [1.0] } }).meta, '{"a":[1],"b":1}');
    assert.equal(parse({ to: "@b", message: "", meta: {} }).meta, "");
    assert.equal(parse({ to: "@b", message: "", meta: null }).meta, "");
  });

  const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });
  const refusals: [string, string, unknown, string?][] = [
    ["neither message nor body", "missing_field", { to: "@b" }],
    ["both message and body", "invalid_field", { to: "@b", message: "", body: "" }],
    ["no destination", "missing_field", { message: "" }],
    ["an unknown field", "unknown_field", { to: "@b", message: "", replyToId: uuid }],
    ["a field of every object", "unknown_field", { to: "@b", message: "", constructor: 1 }],
    ["padded base64", "invalid_field", { to: "@b", body: "AA==" }],
    ["base64 of the other alphabet", "invalid_field", { to: "@b", body: "+/8" }],
    ["base64url with stray bits", "invalid_field", { to: "@b", body: "AB" }],
    ["a media type that is none", "invalid_field", { to: "@b", message: "", content_type: "text" }],
    [
      "a control character in the media type",
      "control_character",
      { to: "@b", message: "", content_type: "text/plain\n" },
    ],
    ["a control character in the address", "control_character", { to: "@b\u0000", message: "" }],
    ["a control character in a mention", "control_character", { to: "@b", message: "", mentions: ["@b\u001f"] }],
    ["a control character in reply_to", "control_character", { to: "@b", message: "", reply_to: "\u0001" }],
    ["a reply to what is no id", "invalid_field", { to: "@b", message: "", reply_to: "7" }],
    ["a priority that is none", "invalid_field", { to: "@b", message: "", priority: "urgent" }],
    ["an address that is none", "invalid_destination", { to: "b", message: "" }],
    ["a name that is none", "invalid_destination", { to: "@b c", message: "" }],
    ["a mention of a topic", "invalid_destination", { to: "@b", message: "", mentions: ["#t"] }],
    ["too many mentions", "invalid_field", { to: "@b", message: "", mentions: Array.from({ length: 65 }, () => "@b") }],
    ["meta that is a list", "invalid_field", { to: "@b", message: "", meta: [1] }],
    ["meta nested too deep", "too_deep", { to: "@b", message: "", meta: deep(17) }],
    ["meta that is too large", "meta_too_large", { to: "@b", message: "", meta: { a: "x".repeat(8_190) } }],
    ["an empty id", "invalid_id", { to: "@b", message: "", client_message_id: "" }],
    ["an id with a space", "invalid_id", { to: "@b", message: "" }, "a b"],
    ["an id over 96 characters", "invalid_id", { to: "@b", message: "" }, "x".repeat(97)],
    ["an id outside ASCII", "invalid_id", { to: "@b", message: "", client_message_id: "ü" }],
    ["ids that differ", "id_conflict_header_body", { to: "@b", message: "", client_message_id: "a" }, "b"],
  ];
  for (const [what, code, body, header] of refusals) {
    it(`is refused with ${code}: ${what}`, () => assert.throws(() => parse(body, header), { code }));
  }

  it("suggests what was meant", () => {
    const hint = (field: string): string => {
      try {
        parse({ to: "@b", message: "", [field]: 1 });
      } catch (error) {
        return String((error as { hint?: string }).hint);
      }
      return "";
    };
    assert.match(hint("replyToId"), /`reply_to`/);
    assert.match(hint("clientMessageId"), /`client_message_id`/);
    assert.match(hint("text"), /`message`/);
    assert.match(hint("prioritty"), /`priority`/);
  });
});
