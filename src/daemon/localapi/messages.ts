import { ClaudemeshError } from "../../protocol/error.ts";
import type { MessageView } from "../../protocol/local-api.ts";
import type { Files } from "../files/files.ts";
import type { Outbox } from "../parts.ts";
import { operation, type Route } from "../../http/route.ts";
import { described, text } from "../../http/shape.ts";
import { message as answer } from "./answers/outbox.schema.ts";

export interface MessageParts {
  readonly outbox: Pick<Outbox, "message" | "row">;
  readonly files: Pick<Files, "sent">;
}

export function messageRoutes(parts: MessageParts): readonly Route[] {
  return [
    operation({
      name: "message",
      method: "GET",
      path: "/v1/messages/{id}",
      summary: "State and receipts of a message sent from here, by outbox_id, the sender's id or the id on the wire",
      params: { id: described(text(), "outbox_id, the sender's own form of the id, or the id on the wire") },
      answers: [{ status: 200, description: "The message as it stands", body: answer }],
      handle({ params }) {
        const message = parts.outbox.message(params.id);
        if (message === null)
          throw new ClaudemeshError("not_found", "no message sent from here has this id", {
            hint: "claudemesh outbox list",
          });
        return { status: 200, body: { ...message, files_sent: filesSent(message, parts) } };
      },
    }),
  ];
}

/** null: it does not wait, or carries none. */
function filesSent({ outbox_id, status }: MessageView, { outbox, files }: MessageParts): MessageView["files_sent"] {
  const carried = status === "pending" ? (outbox.row(outbox_id)?.attachments ?? []) : [];
  if (carried.length === 0) return null;
  const sum = (of: (file: (typeof carried)[number]) => number): number =>
    carried.reduce((bytes, file) => bytes + of(file), 0);
  return { bytes: sum(({ file_id }) => files.sent(file_id)), of: sum(({ bytes }) => bytes) };
}
