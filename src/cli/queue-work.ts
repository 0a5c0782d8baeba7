import type { Client } from "../client/client.ts";
import { outlast } from "../client/outlast.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { limits } from "../protocol/limits.ts";
import type { ClaimedMessage } from "../protocol/local-api.ts";
import type { Command, CommandContext } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { exitCodes } from "./exit-codes.ts";
import { leaseOption, readLease, secondsOf } from "./lease-options.ts";
import { wholeNumber } from "./page-options.ts";
import { requireWords } from "./parse-arguments.ts";
import { createQuietTimer, type QuietTimer } from "./quiet-timer.ts";
import { typedQueue } from "./typed-address.ts";
import { workOn } from "./work-on.ts";

const countMax = 1_000_000_000;
const waitSeconds = limits.claimWaitMsMax / 1_000;

export const command: Command = {
  name: "queue work",
  summary: "Run a command for each message of a queue, one at a time, until Ctrl-C",
  usage: "queue work <queue> [options] -- <command> [argument...]",
  options: {
    ...leaseOption,
    delay: { type: "string", value: "30s", help: "how long nobody gets a message whose command has failed" },
    "stop-on-error": { type: "boolean", help: "end with exit code 1 when the command fails" },
    count: { type: "string", value: "N", help: "end after so many messages" },
    timeout: { type: "string", value: "30s", help: "end with exit code 5 when nothing came for so long" },
  },
  words: ["queue"],
  exits: ["notRunning", "notFound", "waitTimedOut", "interrupted"],
  related: ["queue create", "queue dead", "queue claim", "help queues"],
  examples: [
    "queue work builds -- ./build.sh",
    "queue work builds --count 1 --timeout 5s -- make test",
    "queue work mails --lease 5m --delay 1m -- sh -c 'sendmail \"$CLAUDEMESH_FROM\"'",
  ],
  async run(context) {
    const { positionals, flag, option, signal } = context;
    requireWords(command, positionals, 2, Number.POSITIVE_INFINITY);
    const [name = "", file = "", ...args] = positionals;
    const queue = typedQueue(name);
    const lease_s = readLease(command, context) ?? limits.leaseMs / 1_000;
    const delay_s = secondsOf(command, context, "delay", 1, limits.nackDelayMsMax) ?? 0;
    const count = wholeNumber(command, "--count", option("count"), 1, countMax);
    const timeout = option("timeout");
    const quiet = createQuietTimer(timeout === undefined ? null : parseDuration(timeout, "--timeout"));
    const client = context.client();
    // Says at once what is wrong with the queue's name, or that no daemon runs.
    await client.queues.show(queue, { signal });
    const { mesh } = await client.health({ signal });
    const work = { client, context, queue, mesh, file, args, lease_s, delay_s };
    let seen = 0;
    try {
      quiet.begin();
      for await (const message of messages(client, context, queue, lease_s, quiet)) {
        quiet.pause();
        const done = await workOn(message, work);
        seen += 1;
        if (signal.aborted) return exitCodes.interrupted;
        if (!done && flag("stop-on-error")) return exitCodes.error;
        if (seen === count) return exitCodes.ok;
        quiet.begin();
      }
    } finally {
      quiet.pause();
    }
    return signal.aborted ? exitCodes.interrupted : nothingCame(context, timeout ?? "");
  },
};

/** One message after the other, claimed when it is asked for, for as long as nobody stops it. */
async function* messages(
  client: Client,
  { out, signal }: CommandContext,
  queue: string,
  lease_s: number,
  quiet: QuietTimer,
): AsyncGenerator<ClaimedMessage, void, undefined> {
  const ends = AbortSignal.any([signal, quiet.signal]);
  const claim = () => client.queues.claim(queue, { lease_s, wait_s: waitSeconds }, { signal: ends });
  const onAway = () => out.progress("the broker is away; work goes on when it is back (claudemesh status)");
  for (;;) {
    out.progress(`waiting for messages of queue:${queue}; Ctrl-C ends it`);
    let claimed: readonly ClaimedMessage[];
    try {
      claimed = await outlast(claim, { signal: ends, onAway });
    } catch (thrown) {
      if (ends.aborted) return;
      throw thrown;
    }
    yield* claimed;
  }
}

function nothingCame({ out, flag }: CommandContext, timeout: string): number {
  const { code, message, retryable } = new ClaudemeshError("timed_out", `no message came for ${timeout}`);
  if (flag("json")) out.noteJson({ code, message, hint: null, retryable });
  else out.note(message);
  return exitCodes.waitTimedOut;
}
