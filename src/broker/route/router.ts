import type { Log } from "../../base/log.ts";
import type { DestinationKey } from "../../protocol/frames.ts";
import type { CommittedMessage } from "../accept/accept-batch.ts";
import type { BrokerLimits } from "../broker-limits.ts";
import type { BrokerStore, RoutedMessage } from "../store/store.ts";
import { createFollower, type Follower } from "./follow.ts";
import type { Pump } from "./pump.ts";
import { dmKey, routeKey, topicKey } from "./push-entry.ts";
import { createTail, type Tail } from "./tail.ts";

/** Who listens to what, on this broker: a commit, here or elsewhere, wakes the pumps of the destinations it reached. */
export interface Router {
  mesh(meshId: string): MeshRoute;
  /** After a commit of this broker, in sequence order. */
  committed(meshId: string, messages: readonly CommittedMessage[]): void;
  /** After a commit of another broker: [first, last] of the log is for `keys`; null: for whom is not known. */
  reached(meshId: string, range: { first: number; last: number; keys: readonly string[] | null }): void;
  /** The log may have moved without `committed`, or was cut back. */
  uncertain(meshId: string): void;
}

export interface MeshRoute {
  readonly tail: Tail;
  /** The number up to which this broker knows that nothing is missing. */
  head(): number;
  raiseHead(seq: number): void;
  attach(memberId: string, pump: Pump): void;
  /** After the pump's destinations changed. */
  index(pump: Pump): void;
  detach(memberId: string, pump: Pump): void;
}

interface MeshState extends MeshRoute {
  readonly follower: Follower;
}

export interface RouterParts {
  readonly store: Pick<BrokerStore, "readLog">;
  readonly log: Log;
  readonly limits: BrokerLimits;
}

export function createRouter(parts: RouterParts): Router {
  const meshes = new Map<string, MeshState>();

  function meshOf(meshId: string): MeshState {
    let mesh = meshes.get(meshId);
    if (mesh === undefined) {
      mesh = createMeshState(meshId, parts, () => meshes.delete(meshId));
      meshes.set(meshId, mesh);
    }
    return mesh;
  }

  return {
    mesh: meshOf,
    // Without a link of the mesh here nobody has to hear of it.
    committed: (meshId, messages) => meshes.get(meshId)?.follower.own(messages.map(routedMessage)),
    reached: (meshId, { first, last, keys }) => meshes.get(meshId)?.follower.reached(first, last, keys),
    uncertain: (meshId) => meshes.get(meshId)?.follower.lose(),
  };
}

function createMeshState(meshId: string, { store, log, limits }: RouterParts, emptied: () => void): MeshState {
  const dms = new Map<string, Set<Pump>>();
  const topics = new Map<DestinationKey, Set<Pump>>();
  const tail = createTail(limits);

  const pumpsOf = (key: string): ReadonlySet<Pump> | undefined =>
    key.startsWith("dm:") ? dms.get(key.slice(3)) : topics.get(key);

  function wake(keys: ReadonlySet<string> | null): void {
    // Whatever was committed unseen is found by reading the store.
    if (keys === null) for (const pumps of dms.values()) for (const pump of pumps) wakeAll(pump);
    for (const key of keys ?? []) for (const pump of pumpsOf(key) ?? []) pump.wake(key.startsWith("dm:") ? dmKey : key);
  }

  const follower = createFollower({
    tail,
    log,
    limits: {
      tailItemsMax: limits.tailItemsMax,
      readItemsMax: limits.followItemsMax,
      readBytesMax: limits.followBytesMax,
    },
    read: (range) => store.readLog(meshId, range),
    wanted: (key) => pumpsOf(key) !== undefined,
    wake,
  });

  function unindex(pump: Pump): void {
    for (const [key, pumps] of topics) if (pumps.delete(pump) && pumps.size === 0) topics.delete(key);
  }

  return {
    tail,
    follower,
    head: follower.known,
    raiseHead: (seq) => follower.reached(seq, seq, null),
    attach(memberId, pump) {
      addTo(dms, memberId, pump);
    },
    index(pump) {
      unindex(pump);
      for (const key of pump.listening()) if (key !== dmKey) addTo(topics, key, pump);
    },
    detach(memberId, pump) {
      unindex(pump);
      const pumps = dms.get(memberId);
      pumps?.delete(pump);
      if (pumps?.size === 0) dms.delete(memberId);
      if (dms.size === 0) emptied();
    },
  };
}

function wakeAll(pump: Pump): void {
  for (const key of pump.destinations()) pump.wake(key);
}

function addTo(sets: Map<string, Set<Pump>>, key: string, pump: Pump): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([pump]));
  else set.add(pump);
}

function routedMessage({ item, outcome, broker_message_id, accepted_at }: CommittedMessage): RoutedMessage {
  const { destination } = outcome;
  return {
    seq: outcome.seq,
    epoch: outcome.epoch,
    broker_message_id,
    accepted_at,
    destination:
      destination.kind === "topic"
        ? topicKey(destination.topic_id)
        : destination.kind === "dm"
          ? dmKey
          : routeKey(destination),
    routed: destination,
    position: outcome.position,
    envelope: item.envelope,
  };
}
