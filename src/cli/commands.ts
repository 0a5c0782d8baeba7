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
  "mesh create": () => import("./mesh-create.ts"),
  "mesh list": () => import("./mesh-list.ts"),
  "mesh concurrency": () => import("./mesh-concurrency.ts"),
  "mesh seal": () => import("./mesh-seal.ts"),
  send: () => import("./send.ts"),
  reply: () => import("./reply.ts"),
  watch: () => import("./watch.ts"),
  inbox: () => import("./inbox.ts"),
  "inbox show": () => import("./inbox-show.ts"),
  "files list": () => import("./files-list.ts"),
  "files get": () => import("./files-get.ts"),
  mentions: () => import("./mentions.ts"),
  search: () => import("./search.ts"),
  history: () => import("./history.ts"),
  "messages show": () => import("./messages-show.ts"),
  members: () => import("./members.ts"),
  verify: () => import("./verify.ts"),
  "member rename": () => import("./member-rename.ts"),
  "member role": () => import("./member-role.ts"),
  "member grant": () => import("./member-grant.ts"),
  "member kick": () => import("./member-kick.ts"),
  "member revoke": () => import("./member-revoke.ts"),
  "dm allow": () => import("./dm-allow.ts"),
  "rotate-keypair": () => import("./rotate-keypair.ts"),
  "archive-cleanup": () => import("./archive-cleanup.ts"),
  leave: () => import("./leave.ts"),
  "membership show": () => import("./membership-show.ts"),
  "membership verify": () => import("./membership-verify.ts"),
  "topic create": () => import("./topic-create.ts"),
  "topic list": () => import("./topic-list.ts"),
  "topic members": () => import("./topic-members.ts"),
  "topic join": () => import("./topic-join.ts"),
  "topic leave": () => import("./topic-leave.ts"),
  "queue create": () => import("./queue-create.ts"),
  "queue list": () => import("./queue-list.ts"),
  "queue work": () => import("./queue-work.ts"),
  "queue claim": () => import("./queue-claim.ts"),
  "queue ack": () => import("./queue-ack.ts"),
  "queue nack": () => import("./queue-nack.ts"),
  "queue extend": () => import("./queue-extend.ts"),
  "queue dead": () => import("./queue-dead.ts"),
  "queue requeue": () => import("./queue-requeue.ts"),
  "queue delete": () => import("./queue-delete.ts"),
  "queue rotate": () => import("./queue-rotate.ts"),
  "queue open": () => import("./queue-open.ts"),
  "queue close": () => import("./queue-close.ts"),
  "topic rotate": () => import("./topic-rotate.ts"),
  "agent list": () => import("./agent-list.ts"),
  "agent attach": () => import("./agent-attach.ts"),
  "agent rename": () => import("./agent-rename.ts"),
  "agent forget": () => import("./agent-forget.ts"),
  "agent run": () => import("./agent-run.ts"),
  "agent offers": () => import("./agent-offers.ts"),
  "agent policy": () => import("./agent-policy.ts"),
  "agent mute": () => import("./agent-mute.ts"),
  "agent unmute": () => import("./agent-unmute.ts"),
  "agent block": () => import("./agent-block.ts"),
  "agent unblock": () => import("./agent-unblock.ts"),
  "agent release": () => import("./agent-release.ts"),
  "topic open": () => import("./topic-open.ts"),
  "topic close": () => import("./topic-close.ts"),
  "outbox list": () => import("./outbox-list.ts"),
  "outbox inspect": () => import("./outbox-inspect.ts"),
  "outbox requeue": () => import("./outbox-requeue.ts"),
  "outbox drop": () => import("./outbox-drop.ts"),
  "hooks list": () => import("./hooks-list.ts"),
  "hooks enable": () => import("./hooks-enable.ts"),
  "hooks disable": () => import("./hooks-disable.ts"),
  "hooks test": () => import("./hooks-test.ts"),
  "hooks log": () => import("./hooks-log.ts"),
  "agent install": () => import("./agent-install.ts"),
  "agent uninstall": () => import("./agent-uninstall.ts"),
  "agent hook": () => import("./agent-hook.ts"),
  rename: () => import("./rename.ts"),
  reload: () => import("./reload.ts"),
  "rotate-token": () => import("./rotate-token.ts"),
  recover: () => import("./recover.ts"),
  "daemon run": () => import("./daemon-run.ts"),
  "daemon up": () => import("./daemon-up.ts"),
  "daemon down": () => import("./daemon-down.ts"),
  "daemon restart": () => import("./daemon-restart.ts"),
  "daemon status": () => import("./daemon-status.ts"),
  "daemon ps": () => import("./daemon-ps.ts"),
  "daemon logs": () => import("./daemon-logs.ts"),
  broker: () => import("./broker.ts"),
  "broker up": () => import("./broker-up.ts"),
  "broker down": () => import("./broker-down.ts"),
  "broker restart": () => import("./broker-restart.ts"),
  "broker status": () => import("./broker-status.ts"),
  "broker logs": () => import("./broker-logs.ts"),
  "broker upkeep": () => import("./broker-upkeep.ts"),
  "apikey create": () => import("./apikey-create.ts"),
  "apikey list": () => import("./apikey-list.ts"),
  "apikey revoke": () => import("./apikey-revoke.ts"),
  "accept-host": () => import("./accept-host.ts"),
  remint: () => import("./remint.ts"),
  backup: () => import("./backup.ts"),
  restore: () => import("./restore.ts"),
  reset: () => import("./reset.ts"),
  uninstall: () => import("./uninstall.ts"),
  "install-service": () => import("./install-service.ts"),
  "uninstall-service": () => import("./uninstall-service.ts"),
  mcp: () => import("./mcp.ts"),
  doctor: () => import("./doctor.ts"),
  logs: () => import("./logs.ts"),
  "config list": () => import("./config-list.ts"),
  "config get": () => import("./config-get.ts"),
  "config set": () => import("./config-set.ts"),
  "config unset": () => import("./config-unset.ts"),
  "config path": () => import("./config-path.ts"),
  completion: () => import("./completion.ts"),
  version: () => import("./version.ts"),
  help: () => import("./help.ts"),
};

/** Asked by programs, not by people: in no list and no help. */
const hiddenCommands: Readonly<Record<string, Load>> = {
  __complete: () => import("./complete.ts"),
};

/** Names of the commands, of those that begin so when `beginning` is given. */
export function commandNames(beginning = ""): string[] {
  return Object.keys(commands).filter((name) => name.startsWith(beginning));
}

/** The name at the start of `words`, as the table has it; null when there is none. */
export function nameAt(words: readonly string[]): string | null {
  return [2, 1].map((length) => words.slice(0, length).join(" ")).find((name) => Object.hasOwn(commands, name)) ?? null;
}

export interface FoundCommand {
  readonly command: Command;
  /** How many of the words name it. */
  readonly words: number;
}

/** The command named at the start of `words`, also by another of its names; null when there is none. */
export async function findCommand(words: readonly string[]): Promise<FoundCommand | null> {
  const hidden = Object.hasOwn(hiddenCommands, words[0] ?? "") ? hiddenCommands[words[0] ?? ""] : undefined;
  if (hidden !== undefined) return { command: (await hidden()).command, words: 1 };
  const named = [2, 1].filter((length) => length <= words.length);
  for (const length of named) {
    const name = words.slice(0, length).join(" ");
    const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (load !== undefined) return { command: (await load()).command, words: length };
  }
  // Every command is loaded only for a word that names none: that is another name of one, or an error.
  const known = await Promise.all(Object.values(commands).map(async (load) => (await load()).command));
  for (const length of named) {
    const name = words.slice(0, length).join(" ");
    const command = known.find(({ aliases }) => aliases?.includes(name) === true);
    if (command !== undefined) return { command, words: length };
  }
  return null;
}
