import type { InboxItem, LocalEvent } from "../protocol/local-api.ts";
import { apiKeyOf, senderOf } from "./message-text.ts";
import { oneLine } from "./printable.ts";

const detailsCharsMax = 200;

/** One event on one line: when, which, and what it says; a message's text is not repeated here. */
export function eventLine(event: LocalEvent): string {
  return `${event.at}  ${event.event}  ${oneLine(details(event), detailsCharsMax)}`.trimEnd();
}

function details({ event, data }: LocalEvent): string {
  switch (event) {
    case "message":
    case "mention": {
      const item = data as unknown as InboxItem;
      const proof = apiKeyOf(item) === null ? "" : " (by an API key, not signed)";
      return `#${item.inbox_id} ${senderOf(item)}${proof} → ${item.to}`;
    }
    case "receipt":
      return `${String(data["client_message_id"])} ${String(data["stage"])}`;
    default:
      return Object.entries(data)
        .filter(([name]) => name !== "at")
        .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
        .join(", ");
  }
}
