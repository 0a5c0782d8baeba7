import { ClaudemeshError } from "../../protocol/error.ts";
import type { Outbox } from "../parts.ts";
import { operation, type Route } from "./route.ts";

export function messageRoutes(parts: { readonly outbox: Outbox }): readonly Route[] {
  return [
    operation({
      method: "GET",
      path: "/v1/messages/{id}",
      summary: "State and receipts of a message sent from here, by outbox_id, the sender's id or the id on the wire",
      query: {},
      body: null,
      answers: [200],
      errors: [],
      handle({ params }) {
        const message = parts.outbox.message(params["id"] ?? "");
        if (message === null)
          throw new ClaudemeshError("not_found", "no message sent from here has this id", {
            hint: "claudemesh outbox list",
          });
        return { status: 200, body: message };
      },
    }),
  ];
}
