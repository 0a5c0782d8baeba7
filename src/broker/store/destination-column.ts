import type { RoutedDestination } from "./store.ts";

/** How a message's row names whom it is for: `dm:<member_id>`, `topic:<topic_id>` or `queue:<name>`. */
export function destinationColumn(destination: RoutedDestination): string {
  if (destination.kind === "dm") return `dm:${destination.member_id}`;
  return destination.kind === "topic" ? `topic:${destination.topic_id}` : `queue:${destination.name}`;
}

export function readDestination(column: string): RoutedDestination {
  const colon = column.indexOf(":");
  const name = column.slice(colon + 1);
  switch (column.slice(0, colon)) {
    case "dm":
      return { kind: "dm", member_id: name };
    case "topic":
      return { kind: "topic", topic_id: name };
    default:
      return { kind: "queue", name };
  }
}
