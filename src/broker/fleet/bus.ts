import type { Service } from "../../base/service.ts";
import type { EventFrame } from "../../protocol/frames.ts";

/**
 * What brokers over one store tell each other. The store is the truth and the bus only wakes: every message may be lost, come
 * twice or late, and the sweep finds what it spoke of (wire.md §5).
 */
export type BusMessage =
  /** After a commit: everything in [first, last] of the mesh's log is for these destinations, named as their rows do. */
  | {
      readonly kind: "reached";
      readonly mesh_id: string;
      /** Of the store, in which this was committed: another one's numbers stand for other messages. */
      readonly life: string;
      readonly first: number;
      readonly last: number;
      readonly keys: readonly string[];
    }
  /** A member has a newer link than any with a lower link_epoch. */
  | {
      readonly kind: "link_opened";
      readonly mesh_id: string;
      readonly member_id: string;
      readonly link_epoch: number;
      /** Of the store, in which it was opened. */
      readonly life: string;
      readonly instance_id: string;
      readonly previous_instance_id: string | null;
    }
  /** News for the links of a mesh. */
  | { readonly kind: "event"; readonly mesh_id: string; readonly event: EventFrame; readonly except: string | null }
  /** News for these members of a mesh. A kind of its own: a broker that does not know it tells nobody. */
  | {
      readonly kind: "event_for";
      readonly mesh_id: string;
      readonly event: EventFrame;
      readonly only: readonly string[];
    }
  /** An entry was appended to the mesh's membership chain. */
  | {
      readonly kind: "membership_changed";
      readonly mesh_id: string;
      readonly n: number;
      readonly hash: string;
      /** The member that it ended: its link is closed. */
      readonly ended: string | null;
      /** The member whose destinations it changed. */
      readonly limited: string | null;
      /** The member whose keys it changed: a link that was opened by another is closed. Absent from older brokers. */
      readonly rekeyed?: string | null;
    }
  /** A member was sent away: a link of it below this link_epoch is closed. */
  | {
      readonly kind: "member_kicked";
      readonly mesh_id: string;
      readonly member_id: string;
      readonly link_epoch: number;
      /** Of the store, in which it was raised. */
      readonly life: string;
      readonly until: number;
      /** member_id. */
      readonly by: string;
    }
  /** Links of these members are to do something else by the store's word: end, or take a receiving one's place. */
  | { readonly kind: "links_changed"; readonly mesh_id: string; readonly member_ids: readonly string[] }
  /** Cursors of a topic moved. */
  | { readonly kind: "topic_moved"; readonly mesh_id: string; readonly topic_id: string }
  /** There may be something to claim without anything new in the log: given back, or made ready again. */
  | { readonly kind: "queue_ready"; readonly mesh_id: string; readonly queue: string }
  /** Something of the keys of a mesh's topics and queues was committed. */
  | { readonly kind: "keys_changed"; readonly mesh_id: string }
  /** A member lacks keys of these, which nothing in the log of keys tells. */
  | { readonly kind: "keys_wanted"; readonly mesh_id: string; readonly destinations: readonly string[] }
  /** Receipts or notices are kept for a member. */
  | { readonly kind: "owed"; readonly mesh_id: string; readonly member_id: string }
  /** The log was cut back: links start again from their cursors. */
  | { readonly kind: "log_cut"; readonly mesh_id: string };

export interface Bus extends Service {
  /** Never throws and never waits. */
  publish(message: BusMessage): void;
  /** Of other brokers only. */
  listen(listener: (message: BusMessage) => void): void;
}

/** A broker that is alone, or whose operator has given it no Redis: others find by their sweeps what it did. */
export const noBus: Bus = {
  async start() {},
  async stop() {},
  publish() {},
  listen() {},
};
