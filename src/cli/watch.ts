import type { Client } from "../client/client.ts";
import { outlast } from "../client/outlast.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { HealthView, InboxItem } from "../protocol/local-api.ts";
import type { Command, CommandContext } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { eventLine } from "./event-line.ts";
import { exitCodes } from "./exit-codes.ts";
import { followInbox } from "./follow-inbox.ts";
import { mentions, newestInboxId, readInboxFilter, senderOptions } from "./inbox-filter.ts";
import { messageLines } from "./message-text.ts";
import { wholeNumber } from "./page-options.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { createQuietTimer, type QuietTimer } from "./quiet-timer.ts";
import { endText } from "./run-child.ts";
import { runForMessage } from "./run-for-message.ts";
import { lastWordsMs } from "./last-words.ts";

const countMax = 1_000_000_000;
const messageOptions = ["from", "topic", "agent", "mentions", "unread", "exec"] as const;

export const command: Command = {
  name: "watch",
  summary: "Show each message as it arrives, or run a command for it, until Ctrl-C",
  usage: "watch [options]",
  options: {
    ...senderOptions,
    mentions: { type: "boolean", help: "only messages that mention this member" },
    unread: { type: "boolean", help: "begin with what is unread, oldest first" },
    events: { type: "boolean", help: "show everything that happens at the daemon instead of messages" },
    exec: {
      type: "string",
      value: "CMD",
      help: "run CMD with your shell for each message, one at a time: JSON on its standard input, CLAUDEMESH_FROM, _FROM_AGENT, _VIA (not empty: by an API key, not signed), _TO, _TOPIC, _INBOX_ID, _MESSAGE_ID and _MESH in its environment; exit code 0 marks the message read",
    },
    "stop-on-error": { type: "boolean", help: "with --exec: end with exit code 1 when the command fails" },
    count: { type: "string", value: "N", help: "end after so many" },
    timeout: { type: "string", value: "30s", help: "end with exit code 5 when nothing came for so long" },
  },
  exits: ["notRunning", "waitTimedOut", "notFound", "interrupted"],
  related: ["inbox", "agent run", "help json"],
  examples: [
    "watch",
    "watch --topic '#builds' --json",
    "watch --unread --exec 'jq -r .message >> notes.txt'",
    "watch --agent reviewer --unread --exec ./review.sh",
    "watch --from @bob --count 1 --timeout 5m",
  ],
  async run(context) {
    requireWords(command, context.positionals, 0, 0);
    const filter = readInboxFilter(command, context);
    const count = wholeNumber(command, "--count", context.option("count"), 1, countMax);
    const timeout = context.option("timeout");
    const quiet = createQuietTimer(timeout === undefined ? null : parseDuration(timeout, "--timeout"));
    checkTogether(context);
    const client = context.client();
    const watch: Watch = { context, client, quiet, count, health: await client.health({ signal: context.signal }) };
    try {
      return await (context.flag("events") ? watchEvents(watch) : watchMessages(watch, filter));
    } finally {
      quiet.pause();
    }
  },
};

interface Watch {
  readonly context: CommandContext;
  readonly client: Client;
  readonly quiet: QuietTimer;
  readonly count: number | null;
  readonly health: HealthView;
}

function checkTogether(context: CommandContext): void {
  const given = (name: string): boolean => context.option(name) !== undefined;
  const other = messageOptions.find(given);
  if (context.flag("events") && other !== undefined)
    throw usage(command, `--${other} is about messages, --events shows everything: give one of them`);
  if (context.flag("stop-on-error") && !given("exec"))
    throw usage(command, "--stop-on-error goes with --exec, which is not given");
  if (context.option("exec")?.trim() === "") throw usage(command, "--exec needs a command");
}

async function watchMessages(watch: Watch, filter: ReturnType<typeof readInboxFilter>): Promise<number> {
  const { context, client, quiet, count, health } = watch;
  const after = context.flag("unread") ? 0 : await newestInboxId(client, context.signal);
  const messages = followInbox(client, {
    filter,
    wants: context.flag("mentions") ? mentions(health.member.member_id) : () => true,
    after,
    signal: AbortSignal.any([context.signal, quiet.signal]),
    onLink: (state) => context.out.progress(linkText(state, health)),
  });
  let seen = 0;
  quiet.begin();
  for await (const item of messages) {
    quiet.pause();
    if (!(await handle(watch, item))) return context.signal.aborted ? exitCodes.interrupted : exitCodes.error;
    seen += 1;
    if (seen === count) return exitCodes.ok;
    quiet.begin();
  }
  return ended(watch, "message");
}

/** False: the watch is to end. */
async function handle(watch: Watch, item: InboxItem): Promise<boolean> {
  const { context, client, health } = watch;
  const { out, signal } = context;
  const exec = context.option("exec");
  if (exec === undefined) {
    if (context.flag("json")) out.json(item);
    else for (const line of messageLines(item, out.paint)) out.line(line);
    return true;
  }
  out.progress(`message #${item.inbox_id}: the command runs`);
  const result = await runForMessage(exec, item, {
    env: context.env,
    mesh: health.mesh,
    output: context.flag("json") ? "stderr" : "stdout",
    signal,
  });
  const read = result.exit_code === 0;
  // A daemon that is away now must not make the command run again for what it has done.
  if (read && signal.aborted) await client.inbox.markRead(item.inbox_id, { timeoutMs: lastWordsMs });
  else if (read) await outlast(() => client.inbox.markRead(item.inbox_id, { signal }), { signal });
  if (context.flag("json")) out.json({ inbox_id: item.inbox_id, ...result, read });
  if (read) return true;
  if (signal.aborted) return false;
  out.note(`error: the command for message #${item.inbox_id} ended ${endText(result)}; the message stays unread`);
  return !context.flag("stop-on-error");
}

async function watchEvents({ context, client, quiet, count, health }: Watch): Promise<number> {
  const { out, signal } = context;
  const events = client.events({
    signal: AbortSignal.any([signal, quiet.signal]),
    onOpen: () => out.progress(linkText("open", health)),
  });
  let seen = 0;
  quiet.begin();
  for await (const event of events) {
    if (context.flag("json")) out.json(event);
    else out.line(eventLine(event));
    seen += 1;
    if (seen === count) return exitCodes.ok;
    quiet.begin();
  }
  return ended({ context, quiet }, "event");
}

function ended({ context, quiet }: Pick<Watch, "context" | "quiet">, what: string): number {
  if (context.signal.aborted || !quiet.signal.aborted) return exitCodes.interrupted;
  const nothing = new ClaudemeshError("timed_out", `no ${what} came for ${context.option("timeout")}`);
  const { code, message, hint = null, retryable } = nothing;
  if (context.flag("json")) context.out.noteJson({ code, message, hint, retryable });
  else context.out.note(message);
  return exitCodes.waitTimedOut;
}

function linkText(state: "open" | "away", health: HealthView): string {
  return state === "open"
    ? `watching for ${health.member.address} in mesh ${health.mesh}; Ctrl-C ends it`
    : "the daemon is away; watching goes on when it is back (claudemesh status)";
}
