import { described, text } from "../../../http/shape.ts";
import type { Listing } from "../../../protocol/local-api.ts";
import { answerOf, count, listing, view } from "../../../http/view.ts";
import type { AttachmentView } from "../../../protocol/attachment.ts";
import type { FileView } from "../../../protocol/attachment.ts";

const fields = {
  name: described(text(), "As its sender calls it"),
  bytes: count(),
  content_type: described(text(), "As its sender says"),
  file_id: described(text(), "64 hex characters"),
};

export const attachmentView = answerOf<AttachmentView>("Attachment")(view(fields));

export const fileList = answerOf<Listing<AttachmentView>>()(view({ items: listing(attachmentView) }));

export const fileView = answerOf<FileView>("File")(
  view({ ...fields, sha256: described(text(), "Of the file's bytes, 64 hex characters") }),
);
