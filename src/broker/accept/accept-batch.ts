import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { fingerprintName } from "../../protocol/fingerprint.ts";
import type { SendAnswer } from "../../protocol/frames.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import type { MembershipState } from "../../protocol/membership/state.ts";
import type { LimitDecision, Limiter, LimitItem } from "../limit/limiter.ts";
import { refusalByMembership } from "../membership/rules.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { AcceptItem, AcceptOutcome, BrokerStore, DedupeRecord, Refusal } from "../store/store.ts";
import { judgeKnown } from "../store/accept-outcomes.ts";
import { duplicateAnswer, mismatchAnswer, refusalAnswer, refusalOf, voidAnswer } from "./answer.ts";
import type { FingerprintPolicy } from "./fingerprint-policy.ts";
import type { QueuedItem } from "./mesh-queue.ts";

export interface AcceptParts {
  readonly store: BrokerStore;
  readonly limiter: Limiter;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: BrokerMetrics;
  readonly fingerprints: FingerprintPolicy;
  /** Called for each item whose id has a record of other bytes. */
  mismatched(item: QueuedItem, record: DedupeRecord): void;
  /** What the mesh's membership chain says; null: it has none. */
  chainOf(meshId: string): Promise<MembershipState | null>;
  /** Called after the commit, in sequence order, before the answers go out. */
  committed(meshId: string, messages: readonly CommittedMessage[]): void;
  /** A batch whose outcome is unknown: whatever is remembered of the log's end may be incomplete. */
  uncertain(meshId: string): void;
  /** The store is damaged: the broker must end. */
  fatal(error: ClaudemeshError): void;
}

export interface CommittedMessage {
  readonly item: QueuedItem;
  readonly outcome: Extract<AcceptOutcome, { kind: "accepted" }>;
  readonly broker_message_id: string;
  readonly accepted_at: number;
}

/** What the store has of a batch's ids: B0's question. */
export type KnownIds = Awaited<ReturnType<BrokerStore["lookUp"]>>;

/** Asks for the records of a batch. It may be asked before its turn, beside the transaction of another batch without a common id. */
export function lookUpBatch(
  meshId: string,
  batch: readonly QueuedItem[],
  { store }: Pick<AcceptParts, "store">,
): Promise<KnownIds> {
  const known = store.lookUp(
    meshId,
    batch.map((item) => item.envelope.client_message_id),
  );
  // Its failure is the batch's, when its turn comes.
  known.catch(() => undefined);
  return known;
}

/** B0 to B3 for one batch of one mesh, each id once (delivery.md §4). Settles every item; never throws. */
export async function acceptBatch(
  meshId: string,
  batch: readonly QueuedItem[],
  known: Promise<KnownIds>,
  parts: AcceptParts,
): Promise<void> {
  const { metrics } = parts;
  const stopTimer = metrics.acceptSeconds.startTimer();
  metrics.acceptBatchSize.observe(batch.length);
  let open: readonly QueuedItem[] = batch;
  try {
    const chain = parts.chainOf(meshId);
    // Its failure is the batch's, once B0 has answered what it can.
    chain.catch(() => undefined);
    open = answerKnown(batch, await known, parts);
    if (open.length > 0) await claim(meshId, open, await chain, parts);
  } catch (thrown) {
    const error = ClaudemeshError.from(thrown, "store_unavailable");
    metrics.storeErrors.inc({ code: error.code });
    parts.log.error(
      { mesh_id: meshId, code: error.code, error: error.message, items: open.length },
      "accept batch failed",
    );
    parts.uncertain(meshId);
    if (error.code === "store_corrupt" || error.code === "schema_newer") parts.fatal(error);
    // Whether the transaction committed is unknown; the resent ids find out at B0.
    const refusal = refusalOf("store_unavailable", "The broker's store did not answer; send again.");
    for (const item of open) finish(item, refusalAnswer(item.envelope.client_message_id, refusal), parts);
  }
  stopTimer();
}

/** B0: answers the ids that have a record, before anything that can refuse for load. Returns the others. */
function answerKnown(batch: readonly QueuedItem[], found: KnownIds, parts: AcceptParts): QueuedItem[] {
  if (found.size === 0) return [...batch];
  const open: QueuedItem[] = [];
  for (const item of batch) {
    const record = found.get(item.envelope.client_message_id);
    if (record === undefined) {
      open.push(item);
      continue;
    }
    parts.metrics.dedupeHit.inc({ phase: "b0" });
    const outcome = judgeKnown(record, item);
    if (outcome.kind === "mismatch") parts.mismatched(item, outcome.record);
    finish(item, answerOf(item, outcome, ""), parts);
  }
  return open;
}

/** B1 decides what would be refused; B2 and B3 run in the store, which looks every id up again under its lock. */
async function claim(
  meshId: string,
  open: readonly QueuedItem[],
  chain: MembershipState | null,
  parts: AcceptParts,
): Promise<void> {
  const { refusals, charged } = await decideRefusals(meshId, open, chain, parts);
  const now = parts.clock.now();
  const items = open.map(
    (item, index): AcceptItem => ({
      envelope: item.envelope,
      fingerprint: item.fingerprint,
      linkEpoch: item.link.linkEpoch,
      life: item.link.life,
      unsealed: item.link.direct !== null && item.envelope.algorithm === "none",
      broker_message_id: newUuidV7(now),
      refusal: refusals[index] ?? null,
    }),
  );
  const outcomes = await parts.store.accept(meshId, items, now);
  const messages: CommittedMessage[] = [];
  const answers = open.map((item, index): SendAnswer => {
    const outcome = outcomes[index] ?? refusalOf("internal", "The store gave no outcome.");
    const brokerMessageId = items[index]?.broker_message_id ?? "";
    if (outcome.kind === "accepted") {
      messages.push({ item, outcome, broker_message_id: brokerMessageId, accepted_at: now });
      item.link.direct?.committed(now);
    } else if (outcome.kind === "refused") {
      if (charged[index] === true) parts.metrics.rateLimitConsumedThenRejected.inc();
    } else {
      parts.metrics.dedupeHit.inc({ phase: "b2" });
      if (outcome.kind === "mismatch") parts.mismatched(item, outcome.record);
    }
    return answerOf(item, outcome, brokerMessageId);
  });
  if (messages.length > 0) {
    parts.limiter.committed(
      meshId,
      messages.map(({ item }) => ({
        clientMessageId: item.envelope.client_message_id,
        fingerprint: item.fingerprint,
      })),
    );
    parts.committed(meshId, messages);
  }
  for (const [index, item] of open.entries()) {
    const answer = answers[index];
    if (answer !== undefined) finish(item, answer, parts);
  }
}

async function decideRefusals(
  meshId: string,
  open: readonly QueuedItem[],
  chain: MembershipState | null,
  parts: AcceptParts,
): Promise<{ refusals: (Refusal | null)[]; charged: boolean[] }> {
  const refusals: (Refusal | null)[] = new Array(open.length).fill(null);
  const charged: boolean[] = new Array(open.length).fill(false);
  const asked: LimitItem[] = [];
  const askedIndex: number[] = [];
  const taken = ({ envelope }: QueuedItem) => parts.fingerprints.accepts(fingerprintName(envelope.version));
  if (!open.every(taken)) await parts.fingerprints.refresh();
  for (const [index, item] of open.entries()) {
    const id = item.envelope.client_message_id;
    const unwelcome = refusalByMembership(chain, item.envelope, item.link.direct === null);
    if (unwelcome !== null) refusals[index] = unwelcome;
    else if (!taken(item)) refusals[index] = retiredRefusal(fingerprintName(item.envelope.version));
    else if (item.bodyBytes > item.link.inlineBytes) {
      refusals[index] = refusalOf(
        "body_too_large",
        `The sealed body has ${item.bodyBytes} bytes, the link takes ${item.link.inlineBytes}.`,
      );
    } else if (item.link.behind.holds(item.destination, id)) refusals[index] = behindRefusal;
    else {
      asked.push({
        memberId: item.link.memberId,
        clientMessageId: id,
        fingerprint: item.fingerprint,
        group: orderGroup(item),
      });
      askedIndex.push(index);
    }
  }
  const decisions = asked.length === 0 ? [] : await parts.limiter.take(meshId, asked);
  for (const [place, index] of askedIndex.entries()) {
    const decision = decisions[place];
    charged[index] = decision?.kind === "allowed" && decision.charged;
    refusals[index] = refusalOfDecision(decision);
    if (decision !== undefined) open[index]?.link.direct?.decided(decision);
    if (decision?.kind === "limited") parts.metrics.rateLimitRejection.inc({ mesh: meshId });
  }
  return { refusals, charged };
}

/** What keeps its order among itself: of one link, what goes to one destination; of direct callers nothing. */
function orderGroup({ link, destination, envelope }: QueuedItem): string {
  if (link.direct !== null) return `${link.memberId}/direct/${envelope.client_message_id}`;
  return `${link.memberId}/${link.linkEpoch}/${destination}`;
}

const behindRefusal = refusalOf(
  "behind",
  "An earlier message to this destination was refused and must be sent again first.",
);

function retiredRefusal(name: string): Refusal {
  return refusalOf(
    "fingerprint_version_retired",
    `This broker has not offered fingerprint ${name} for longer than it remembers ids, and takes no message under it.`,
  );
}

function refusalOfDecision(decision: LimitDecision | undefined): Refusal | null {
  if (decision === undefined || decision.kind === "allowed") return null;
  if (decision.kind === "skipped") return behindRefusal;
  return refusalOf("rate_limited", "The mesh's or the member's rate limit is reached.", decision.retryAfterMs);
}

function answerOf(item: QueuedItem, outcome: AcceptOutcome, brokerMessageId: string): SendAnswer {
  const id = item.envelope.client_message_id;
  switch (outcome.kind) {
    case "accepted":
      return {
        status: 201,
        client_message_id: id,
        broker_message_id: brokerMessageId,
        history_id: outcome.seq,
        duplicate: false,
        position: outcome.position,
      };
    case "duplicate":
      return duplicateAnswer(outcome.record);
    case "mismatch":
      return mismatchAnswer(outcome.record, outcome.record.sender === item.link.memberId);
    case "void":
      return voidAnswer(id);
    case "refused":
      return refusalAnswer(id, outcome);
  }
}

/** Answers one item and keeps its destination's order: a retryable refusal holds back what comes after it. */
function finish(item: QueuedItem, answer: SendAnswer, parts: AcceptParts): void {
  const id = item.envelope.client_message_id;
  if (answer.status === 429 || answer.status >= 500) {
    if ("code" in answer && answer.code === "behind") parts.metrics.behind.inc();
    if (!item.link.behind.refused(item.destination, id)) item.link.overrun();
  } else item.link.behind.settled(item.destination, id);
  item.settle(answer);
}
