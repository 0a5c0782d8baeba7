import { isName } from "./address.ts";

/** Hooks whose name is fixed: what each is called for. `on-topic-NAME` is called for messages of one topic. */
export const hookEvents = {
  "on-message": "a message arrived",
  "on-dm": "a direct message arrived",
  "on-mention": "a message arrived that mentions this member",
  "on-file-share": "a message arrived that brings files",
  "on-receipt": "a message of this member's got further, or ended",
  "on-disconnect": "the link to the broker was lost",
  "on-reconnect": "the link to the broker is back",
  "on-startup": "the daemon started",
  "pre-send": "a message is about to be sent",
} as const;

export type FixedHook = keyof typeof hookEvents;

export const fixedHooks = Object.keys(hookEvents) as FixedHook[];

const topicPrefix = "on-topic-";

/** The topic of `on-topic-NAME`; null: it is another hook, or none. */
export function topicOfHook(hook: string): string | null {
  const name = hook.startsWith(topicPrefix) ? hook.slice(topicPrefix.length) : "";
  return isName(name) && name === name.toLowerCase() ? name : null;
}

export function topicHook(topic: string): string {
  return `${topicPrefix}${topic}`;
}

/** Whether an executable of this name is ever called. */
export function isHook(name: string): boolean {
  return Object.hasOwn(hookEvents, name) || topicOfHook(name) !== null;
}

/** Whether a message is behind its events, so that there is somebody to reply to. */
export function isMessageHook(hook: string): boolean {
  return ["on-message", "on-dm", "on-mention", "on-file-share"].includes(hook) || topicOfHook(hook) !== null;
}

/** Every hook as a list for people. */
export const hookNamesText = [...fixedHooks.slice(0, 3), "on-topic-NAME", ...fixedHooks.slice(3)].join(", ");
