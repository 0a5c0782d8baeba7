import { parseAddress } from "../protocol/address.ts";
import type { Command } from "./command.ts";
import { usage } from "./parse-arguments.ts";
import { quoted } from "./printable.ts";

/** A member as typed, `@bob` or `bob`, as `@bob`. Throws invalid_destination or usage before anything is asked. */
export function typedMember(command: Pick<Command, "name" | "usage">, text: string): string {
  const address = parseAddress(text.startsWith("@") ? text : `@${text}`);
  if (address.kind === "member" && address.agent === null) return `@${address.member}`;
  throw usage(command, `${quoted(text)} is not a member's address`, "write @name; claudemesh members lists them");
}

/** An agent of this member as typed, `reviewer` or `@me/reviewer`, as `reviewer`. Throws invalid_destination or usage. */
export function typedAgent(command: Pick<Command, "name" | "usage">, text: string): string {
  const address = parseAddress(text.startsWith("@") ? text : `@me/${text}`);
  if (address.kind === "member" && address.agent !== null) return address.agent;
  throw usage(
    command,
    `${quoted(text)} is not an agent's name`,
    "write its name, or @member/agent; claudemesh agent list",
  );
}

/** A queue's name as typed, `queue:builds` or `builds`, without the sign. Throws invalid_destination. */
export function typedQueue(text: string): string {
  const address = parseAddress(text.startsWith("queue:") ? text : `queue:${text}`);
  return address.kind === "queue" ? address.name : "";
}

/** A topic's name as typed, `#builds` or `builds`, without the sign. Throws invalid_destination. */
export function typedTopic(text: string): string {
  const address = parseAddress(text.startsWith("#") ? text : `#${text}`);
  return address.kind === "topic" ? address.name : "";
}

/** What has a history, as typed: `#topic`, `dm`, or `@me`, which is whoever asks, like `dm`. Throws invalid_destination. */
export function typedHistory(text: string): string {
  if (text === "dm" || text === "@me") return "dm";
  parseAddress(text);
  return text;
}
