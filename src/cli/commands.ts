import type { Command } from "./command.ts";

type Load = () => Promise<{ readonly command: Command }>;

/** Every command by its name, in the order of the help. Loaded when run: start-up pays for one command only. */
export const commands: Readonly<Record<string, Load>> = {
  up: () => import("./up.ts"),
  down: () => import("./down.ts"),
  status: () => import("./status.ts"),
  invite: () => import("./invite.ts"),
  "invite list": () => import("./invite-list.ts"),
  "invite revoke": () => import("./invite-revoke.ts"),
  join: () => import("./join.ts"),
  send: () => import("./send.ts"),
  inbox: () => import("./inbox.ts"),
  members: () => import("./members.ts"),
  "topic create": () => import("./topic-create.ts"),
  "topic list": () => import("./topic-list.ts"),
  "topic join": () => import("./topic-join.ts"),
  "topic leave": () => import("./topic-leave.ts"),
  "outbox list": () => import("./outbox-list.ts"),
  "outbox inspect": () => import("./outbox-inspect.ts"),
  "outbox requeue": () => import("./outbox-requeue.ts"),
  "outbox drop": () => import("./outbox-drop.ts"),
  "daemon up": () => import("./daemon-up.ts"),
  "daemon down": () => import("./daemon-down.ts"),
  "daemon status": () => import("./daemon-status.ts"),
  "broker up": () => import("./broker-up.ts"),
  "broker down": () => import("./broker-down.ts"),
  "broker status": () => import("./broker-status.ts"),
  version: () => import("./version.ts"),
  help: () => import("./help.ts"),
};

/** A command found at the start of `words`, and how many of them name it. */
export function findCommand(
  words: readonly string[],
): { readonly name: string; readonly load: Load; readonly words: number } | null {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(" ");
    const load = words.length >= length && Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (load !== undefined) return { name, load, words: length };
  }
  return null;
}
