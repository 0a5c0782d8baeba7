import { ClaudemeshError } from "../../protocol/error.ts";
import type { Outbox } from "../parts.ts";
import { operation, type Route } from "../../http/route.ts";
import { described, text } from "../../http/shape.ts";
import { message as answer } from "./answers/outbox.schema.ts";

export function messageRoutes(parts: { readonly outbox: Outbox }): readonly Route[] {
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
        return { status: 200, body: message };
      },
    }),
  ];
}
