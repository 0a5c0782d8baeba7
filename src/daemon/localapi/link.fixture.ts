import { ClaudemeshError } from "../../protocol/error.ts";
import { offerFeatures } from "../../protocol/features.ts";
import { limits } from "../../protocol/limits.ts";
import type { SendAnswer, VoidAnswer } from "../../protocol/frames.ts";
import type { Directory, Link, Outbox } from "../parts.ts";

export interface TestLink extends Link {
  known: Directory | null;
  /** What the broker tells when it is asked anew; null: the same. */
  fresh: Directory | null;
  bytesMax: number;
  connected: boolean;
  /** Frames asked of it, and what it answers by type. */
  readonly asked: ({ type: string } & Record<string, unknown>)[];
  readonly answers: Map<string, unknown>;
  /** What the broker says of ids to be voided; null: it is away. */
  voids: ((wireIds: readonly string[]) => readonly VoidAnswer[]) | null;
}

/** Stands for the link and the broker behind it; rows are settled through the real outbox by {@link settleAll}. */
export function createTestLink(known: Directory | null): TestLink {
  const away = (): ClaudemeshError => new ClaudemeshError("broker_unreachable", "the broker cannot be reached");
  const link: TestLink = {
    known,
    fresh: null,
    bytesMax: 65_536,
    connected: false,
    asked: [],
    answers: new Map(),
    voids: null,
    start: async () => {},
    stop: async () => {},
    state: () => ({
      state: link.connected ? "connected" : "waiting",
      since: new Date(0).toISOString(),
      broker_url: "ws://127.0.0.1:9/v1/link",
      last_error: null,
      last_error_kind: null,
      receives: null,
      instance_id: "i",
      next_dial_at: null,
      clock_skew_ms: null,
    }),
    offered: () => offerFeatures(),
    negotiated: () => null,
    heldFingerprints: () => [],
    ignored: () => null,
    inlineBytes: () => link.bytesMax,
    fileBytes: () => limits.fileBytes,
    directory: () => link.known,
    async freshDirectory() {
      link.known = link.fresh ?? link.known;
      return link.known;
    },
    async request(frame) {
      link.asked.push(frame);
      if (!link.connected) throw away();
      const answer = link.answers.get(frame.type);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    async voidIds(wireIds) {
      if (link.voids === null) throw away();
      return link.voids(wireIds);
    },
  };
  return link;
}

/** The answer of a broker that accepts everything. */
export function accepted(clientMessageId: string, historyId: number): SendAnswer {
  const brokerMessageId = `0198f0a0-0000-7000-8000-${String(historyId).padStart(12, "0")}`;
  return {
    status: 201,
    client_message_id: clientMessageId,
    broker_message_id: brokerMessageId,
    history_id: historyId,
    duplicate: false,
    position: { epoch: 1, seq: historyId, broker_message_id: brokerMessageId, incarnation: "i", mac: "m" },
  };
}

/** Claims every due row and settles it with what `answer` says; null leaves the row inflight. Returns how many were claimed. */
export async function settleAll(
  outbox: Outbox,
  now: number,
  answer: (clientMessageId: string, outboxId: number) => SendAnswer | null,
): Promise<number> {
  const rows = await outbox.claimDue(now, 1_000);
  const answers = rows.flatMap(({ outboxId, envelope }) => {
    const said = answer(envelope.client_message_id, outboxId);
    return said === null ? [] : [{ outboxId, answer: said }];
  });
  if (answers.length > 0) await outbox.settle(answers, now);
  return rows.length;
}
