import fc from "fast-check";
import { type Attachment, isAttachmentName } from "./attachment.ts";

export const plainAttachment: Attachment = {
  name: "report.pdf",
  bytes: 70_000,
  content_type: "application/pdf",
  file_id: "a7".repeat(32),
  key: Buffer.alloc(32, 5).toString("base64url"),
};

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** Any that can be sent. */
export const anyAttachment: fc.Arbitrary<Attachment> = fc.record(
  {
    name: fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter(isAttachmentName),
    bytes: fc.maxSafeNat(),
    content_type: fc.string({ minLength: 1, maxLength: 60 }),
    file_id: bytes32.map((raw) => Buffer.from(raw).toString("hex")),
    key: bytes32.map((raw) => Buffer.from(raw).toString("base64url")),
  },
  { noNullPrototype: true },
);
