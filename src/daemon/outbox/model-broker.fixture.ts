import type { Envelope } from "../../protocol/envelope.ts";
import type { SendAnswer, VoidAnswer } from "../../protocol/frames.ts";

export type Mood = "accept" | "limited" | "failed" | "failed-after-commit";

/** A broker as delivery.md §4 describes it, without a disk: records, voids, and what is behind on the live link. */
export interface ModelBroker {
  /** Wire ids in the order in which they were committed, with what was committed. */
  readonly log: readonly { readonly id: string; readonly fingerprint: string; readonly destination: string }[];
  answer(envelope: Envelope, mood: Mood): SendAnswer;
  voidIds(ids: readonly string[]): VoidAnswer[];
  /** A new link: nothing is behind on it. */
  newLink(): void;
}

/** `refuses`: envelopes that are permanently refused. */
export function createModelBroker(refuses: (envelope: Envelope) => boolean): ModelBroker {
  const log: { id: string; fingerprint: string; destination: string }[] = [];
  const voids = new Set<string>();
  const behind = new Map<string, string>();

  const refusal = (
    id: string,
    status: number,
    code: "behind" | "rate_limited" | "store_unavailable" | "not_subscribed" | "id_void",
  ): SendAnswer => ({
    status,
    client_message_id: id,
    code,
    message: code,
  });

  function record(id: string): { seq: number; fingerprint: string } | null {
    const index = log.findIndex((entry) => entry.id === id);
    return index === -1 ? null : { seq: index + 1, fingerprint: log[index]?.fingerprint ?? "" };
  }

  function commit(envelope: Envelope, destination: string): SendAnswer {
    log.push({ id: envelope.client_message_id, fingerprint: envelope.request_fingerprint, destination });
    const seq = log.length;
    return {
      status: 201,
      client_message_id: envelope.client_message_id,
      broker_message_id: `m${seq}`,
      history_id: seq,
      duplicate: false,
      position: { epoch: 1, seq, broker_message_id: `m${seq}`, incarnation: "i", mac: "" },
    };
  }

  return {
    log,
    answer(envelope, mood) {
      const id = envelope.client_message_id;
      const destination = envelope.destination_ref;
      const known = record(id);
      const settle = (answer: SendAnswer): SendAnswer => {
        if (behind.get(destination) === id) behind.delete(destination);
        return answer;
      };
      if (known !== null) {
        if (known.fingerprint !== envelope.request_fingerprint)
          return settle({
            status: 409,
            client_message_id: id,
            code: "idempotency_key_reused",
            conflict: "request_fingerprint_mismatch",
            broker_message_id: `m${known.seq}`,
          });
        return settle({
          status: 200,
          client_message_id: id,
          broker_message_id: `m${known.seq}`,
          history_id: known.seq,
          duplicate: true,
          history_available: true,
          first_seen_at: "",
          position: null,
        });
      }
      if (voids.has(id)) return settle(refusal(id, 410, "id_void"));
      const held = behind.get(destination);
      if (held !== undefined && held !== id) return refusal(id, 503, "behind");
      // What can never be accepted is refused each time: a refusal that is gone the next time could not keep order.
      if (refuses(envelope)) return settle(refusal(id, 403, "not_subscribed"));
      switch (mood) {
        case "accept":
          return settle(commit(envelope, destination));
        case "limited":
          behind.set(destination, id);
          return refusal(id, 429, "rate_limited");
        case "failed":
          behind.set(destination, id);
          return refusal(id, 503, "store_unavailable");
        case "failed-after-commit":
          commit(envelope, destination);
          behind.set(destination, id);
          return refusal(id, 503, "store_unavailable");
      }
    },
    voidIds(ids) {
      return ids.map((id): VoidAnswer => {
        const known = record(id);
        if (known === null) {
          voids.add(id);
          for (const [destination, held] of behind) if (held === id) behind.delete(destination);
          return { client_message_id: id, status: "void" };
        }
        return {
          client_message_id: id,
          status: "committed",
          record: {
            broker_message_id: `m${known.seq}`,
            history_id: known.seq,
            request_fingerprint: known.fingerprint,
            fingerprint_version: 2,
            first_seen_at: "",
          },
        };
      });
    },
    newLink: () => behind.clear(),
  };
}
