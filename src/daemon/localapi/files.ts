import { Readable } from "node:stream";
import { operation, type Places, type Route } from "../../http/route.ts";
import { described, inPath, invalid, optional, text, whole } from "../../http/shape.ts";
import { readContentType } from "../../http/message-content.ts";
import { isAttachmentName } from "../../protocol/attachment.ts";
import { defaultBytesType } from "../../protocol/envelope.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import { fileLimits } from "../files/file-limits.ts";
import type { Files } from "../files/files.ts";
import type { Link } from "../parts.ts";
import { fileList, fileView } from "./answers/files.schema.ts";
import { type MessageFiles, messageQuery, messageQueryErrors } from "./message-files.ts";

export interface FileParts {
  readonly files: Pick<Files, "put" | "take">;
  readonly messageFiles: MessageFiles;
  readonly link: Pick<Link, "fileBytes">;
}

/** Handing over a file that a message is to carry, and taking one that a message brought. Keys stay in the daemon. */
export function fileRoutes(parts: FileParts): readonly Route[] {
  const places: Places = { max: fileLimits.transfersMax, taken: 0 };
  return [
    operation({
      name: "filePut",
      method: "POST",
      path: "/v1/files",
      summary: "Hand over a file: it is sealed and kept here until a message has carried it",
      query: {
        name: described(text({ charsMax: limits.attachmentNameBytesMax }), "What its receivers see: a name, no path"),
        content_type: described(
          optional(text({ charsMax: limits.contentTypeCharsMax })),
          `Default ${defaultBytesType}`,
        ),
      },
      rawBody: { description: "The file's bytes, as many as the mesh takes for one", bytesMax: null },
      places,
      answers: [
        { status: 201, description: "It is on disk here, sealed; `attachments` of a send names it", body: fileView },
      ],
      errors: ["body_too_large", "control_character", "files_full", "store_unavailable"],
      async handle({ query, incoming }) {
        if (!isAttachmentName(query.name)) throw invalid("name", "must be a file's name, without folders");
        const put = await parts.files.put({
          name: query.name,
          contentType: readContentType(query.content_type, defaultBytesType),
          bytesMax: parts.link.fileBytes(),
          incoming: incoming ?? Readable.from([]),
        });
        const { file_id, name, bytes, content_type, sha256 } = put;
        return { status: 201, body: { file_id, name, bytes, content_type, sha256 } };
      },
    }),
    operation({
      name: "fileList",
      method: "GET",
      path: "/v1/files",
      summary: "Files that a message brought, whether it stands in the inbox, in the broker's history or under a lease",
      query: messageQuery,
      answers: [{ status: 200, description: "In the order of the message", body: fileList }],
      errors: ["not_found", ...messageQueryErrors],
      async handle({ query }) {
        const found = await parts.messageFiles(query);
        if (found === null) throw noSuchMessage();
        return { status: 200, body: { items: found.map(({ shown }) => shown) } };
      },
    }),
    operation({
      name: "fileTake",
      method: "GET",
      path: "/v1/files/{file_id}",
      summary: "The bytes of a file that a message brought, as its sender had them",
      params: {
        file_id: inPath(
          described(
            text({ form: { pattern: /^[0-9a-f]{64}$/, said: "must be 64 lower-case hex characters" } }),
            "One of the message's `attachments`",
          ),
          noSuchFile,
        ),
      },
      query: {
        ...messageQuery,
        from: described(optional(whole(0, Number.MAX_SAFE_INTEGER)), "Bytes to leave out: how many an earlier try got"),
      },
      places,
      answers: [
        {
          status: 200,
          description:
            "The bytes from there on, each checked before it comes. Fewer than `content-length` says: it broke off, and another request with `from` goes on or says why",
          contentType: "application/octet-stream",
        },
      ],
      errors: [
        "auth_failed",
        "certificate_mismatch",
        "file_damaged",
        "file_gone",
        "not_a_member",
        ...messageQueryErrors,
      ],
      async handle({ params, query, gone }) {
        const { from = 0, ...message } = query;
        const found = (await parts.messageFiles(message))?.find(({ shown }) => shown.file_id === params.file_id);
        if (found === undefined) throw noSuchFile();
        const attachment = found.attachment();
        if (from > attachment.bytes) throw invalid("from", `must be at most ${attachment.bytes}, the file's length`);
        const { length, chunks } = await parts.files.take(attachment, from, gone());
        return {
          status: 200,
          content: Readable.from(chunks, { objectMode: false }),
          length,
          contentType: "application/octet-stream",
          // Whoever wrote it: no browser takes it for a page of this origin.
          headers: { "content-disposition": "attachment", "x-content-type-options": "nosniff" },
        };
      },
    }),
  ];
}

function noSuchFile(): ClaudemeshError {
  return new ClaudemeshError("not_found", "this message brought no such file", {
    hint: "claudemesh files list shows what a message brought",
  });
}

function noSuchMessage(): ClaudemeshError {
  return new ClaudemeshError("not_found", "there is no such message, or nothing of it can be read here", {
    hint: "claudemesh inbox, claudemesh history and claudemesh queue claim show messages; a lease's files are known until it ends, or the daemon does",
  });
}
