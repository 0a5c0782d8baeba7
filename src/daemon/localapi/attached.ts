import { readContentType } from "../../http/message-content.ts";
import { sendShape } from "../../http/send.schema.ts";
import { described, invalid, listOf, objectOf, optional, type Reading, text, whole } from "../../http/shape.ts";
import { type Attachment, isAttachmentName } from "../../protocol/attachment.ts";
import { defaultBytesType } from "../../protocol/envelope.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import type { Files } from "../files/files.ts";

const attached = {
  file_id: described(
    text({ form: { pattern: /^[0-9a-f]{64}$/, said: "must be 64 lower-case hex characters" } }),
    "As `/v1/files` answered it",
  ),
  name: described(
    optional(text({ charsMax: limits.attachmentNameBytesMax })),
    "What the receivers see. Absent: as it was called when it was handed over last",
  ),
  content_type: optional(text({ charsMax: limits.contentTypeCharsMax })),
};

/** Body of `POST /v1/send`: what any sender says, and the files of this host. */
export const localSendShape = {
  ...sendShape,
  from_agent: described(
    optional(text({ charsMax: limits.nameCharsMax })),
    "The agent of this member that sends it: receivers see `@member/agent`, and answers go there",
  ),
  hops: described(
    optional(whole(0, limits.hopsMax)),
    "Of an answer that no person decides on: the `hops` of the message that it answers, and one",
  ),
  attachments: described(
    optional(listOf(objectOf(attached), limits.attachmentsMax)),
    "Files that were handed over at `/v1/files`, in the order in which they are shown",
  ),
};

/** The files of a send. */
export interface Attached {
  /** What the fingerprint covers: known also of a file that is no more kept here. */
  readonly called: readonly Pick<Attachment, "name" | "content_type" | "file_id">[];
  /** With their keys. Throws file_gone for one that is no more kept here. */
  resolve(): readonly Attachment[];
}

/** Throws invalid_field; file_gone where only the file that was handed over would tell how it is called. */
export function readAttached(files: Pick<Files, "attachment">, written: readonly Reading<typeof attached>[]): Attached {
  const called = written.map(({ file_id, name, content_type }) => {
    const known = name === undefined ? files.attachment(file_id) : kept(files, file_id);
    const effective = name ?? known?.name ?? "";
    if (!isAttachmentName(effective)) throw invalid("name", "must be a file's name, without folders");
    return {
      file_id,
      name: effective,
      content_type: readContentType(content_type, known?.content_type ?? defaultBytesType),
    };
  });
  return {
    called,
    resolve: () =>
      called.map(({ file_id, name, content_type }) => files.attachment(file_id, { name, contentType: content_type })),
  };
}

function kept(files: Pick<Files, "attachment">, fileId: string): Attachment | null {
  try {
    return files.attachment(fileId);
  } catch (thrown) {
    if (ClaudemeshError.from(thrown).code === "file_gone") return null;
    throw thrown;
  }
}
