import { topicHook } from "../../protocol/hook-names.ts";
import type { HookCause } from "../../protocol/hooks-api.ts";

/** An event of the inbox's list, as far as it decides which hooks it calls. */
export interface CallingEvent {
  readonly event: string;
  /** Of the message behind it: its topic, and whether it brings files; null: there is none. */
  readonly message: { readonly topic: string | null; readonly files: boolean } | null;
  /** Of link_up: the link was lost before. */
  readonly again: boolean;
}

/** The hooks that an event calls, and what they are called for. */
export function hooksOfEvent({ event, message, again }: CallingEvent): readonly (readonly [string, HookCause])[] {
  switch (event) {
    case "message":
      if (message === null) return [];
      return [
        ["on-message", "message"],
        [message.topic === null ? "on-dm" : topicHook(message.topic), "message"],
        ...(message.files ? ([["on-file-share", "message"]] as const) : []),
      ];
    case "mention":
      return message === null ? [] : [["on-mention", "mention"]];
    case "receipt":
      return [["on-receipt", "receipt"]];
    case "link_down":
      return [["on-disconnect", "link_down"]];
    case "link_up":
      return again ? [["on-reconnect", "link_up"]] : [];
    default:
      return [];
  }
}

/** Events that may call a hook at all; the others are not even read. */
export const callingEvents = ["message", "mention", "receipt", "link_down", "link_up"] as const;
