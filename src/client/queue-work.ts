import { ClaudemeshError } from "../protocol/error.ts";
import { limits } from "../protocol/limits.ts";
import type { ClaimedMessage, LeaseEnded } from "../protocol/local-api.ts";
import type { Client } from "./client.ts";
import { keepLease } from "./keep-lease.ts";
import { outlast } from "./outlast.ts";

/** A claimed message whose content could be opened and proven. */
export type WorkMessage = Extract<ClaimedMessage, { body: string }>;

export interface WorkOptions {
  /** Ends the work: no further message is claimed, and the one under way is let finish. */
  readonly signal?: AbortSignal;
  /** Default 60; extended for as long as the handler runs. */
  readonly lease_s?: number;
  /** How long nobody gets a message whose handler has failed. Default 0. */
  readonly delay_s?: number;
  /** Called when a message was not done with: given back, a dead letter now, or lost to another consumer. Default: a warning of the process. */
  readonly onFailure?: (message: ClaimedMessage, error: ClaudemeshError, became: LeaseEnded["state"] | "lost") => void;
}

/** Called for one message; `signal` is aborted when its lease is lost and another consumer may have it. */
export type WorkHandler = (message: WorkMessage, signal: AbortSignal) => Promise<unknown> | unknown;

/** What one claim waits for a message: shorter ones would ask more often, longer ones the daemon refuses. */
const waitSeconds = limits.claimWaitMsMax / 1_000;

/**
 * Works on one message of a queue after the other until the signal: each is acknowledged when `handler` resolves, and
 * given back when it throws. A daemon or broker that is away is waited for. Answers how many were acknowledged; throws
 * what repeating cannot mend.
 */
export async function work(
  client: Pick<Client, "queues" | "health">,
  queue: string,
  handler: WorkHandler,
  options: WorkOptions = {},
): Promise<number> {
  const { signal = new AbortController().signal, lease_s = limits.leaseMs / 1_000 } = options;
  try {
    // Says at once that no daemon runs: from then on one that is away is restarting, and is waited for.
    await client.health({ signal });
  } catch (thrown) {
    if (signal.aborted) return 0;
    throw thrown;
  }
  let done = 0;
  while (!signal.aborted) {
    let claimed: readonly ClaimedMessage[];
    try {
      const claim = () => client.queues.claim(queue, { lease_s, wait_s: waitSeconds }, { signal });
      claimed = await outlast(claim, { signal });
    } catch (thrown) {
      if (signal.aborted) break;
      throw thrown;
    }
    for (const message of claimed)
      if (await workOnOne(client, queue, message, handler, { ...options, lease_s })) done += 1;
  }
  return done;
}

async function workOnOne(
  client: Pick<Client, "queues">,
  queue: string,
  message: ClaimedMessage,
  handler: WorkHandler,
  { lease_s, delay_s = 0, onFailure = warnOfFailure }: WorkOptions & { readonly lease_s: number },
): Promise<boolean> {
  const { lease_id } = message;
  const lost = new AbortController();
  const keeping = keepLease(client, { queue, lease_id, lease_s }, () => lost.abort());
  const failure = await failureOf(message, handler, lost.signal).finally(() => keeping.stop());
  if (lost.signal.aborted) {
    onFailure(message, failure ?? new ClaudemeshError("lease_lost", "the lease was lost during the work"), "lost");
    return false;
  }
  try {
    // Told for as long as the lease may last: nobody is to do again what is done because a broker was away for a moment.
    const { state } = await outlast(
      () =>
        failure === null
          ? client.queues.ack(queue, lease_id)
          : client.queues.nack(queue, lease_id, { delay_s, reason: reasonOf(failure) }),
      { signal: new AbortController().signal, forMs: lease_s * 1_000 },
    );
    if (failure === null) return true;
    onFailure(message, failure, state);
  } catch (thrown) {
    const error = ClaudemeshError.from(thrown);
    if (error.code !== "lease_lost" && !error.retryable) throw error;
    onFailure(message, failure ?? error, "lost");
  }
  return false;
}

/** null: the handler is done with it. Nobody is to work on what could not be proven to be the sender's. */
async function failureOf(
  message: ClaimedMessage,
  handler: WorkHandler,
  signal: AbortSignal,
): Promise<ClaudemeshError | null> {
  if ("unavailable" in message) return new ClaudemeshError("undecryptable", message.unavailable);
  try {
    await handler(message, signal);
    return null;
  } catch (thrown) {
    return ClaudemeshError.from(thrown);
  }
}

/** For who has not asked to be told: a mistake in a handler would else be seen in the dead letters alone. */
const warnOfFailure: NonNullable<WorkOptions["onFailure"]> = ({ broker_message_id }, error, became) => {
  const thrown = error.cause instanceof Error ? error.cause : error;
  process.emitWarning(`message ${broker_message_id} was not done with (${became}): ${reasonOf(error)}`, {
    type: "ClaudemeshWarning",
    detail: thrown.stack ?? "",
  });
};

/** One line, whatever a handler throws. */
function reasonOf({ message }: ClaudemeshError): string {
  const line = message.toWellFormed().replace(/[\u0000-\u001f\u007f]+/g, " ");
  return [...line].slice(0, limits.nackReasonCharsMax / 2).join("");
}
