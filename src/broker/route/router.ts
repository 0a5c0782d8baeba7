import type { DestinationKey } from "../../protocol/frames.ts";
import type { BrokerLimits } from "../broker-limits.ts";
import type { CommittedMessage } from "../accept/accept-batch.ts";
import type { LogMessage } from "../store/store.ts";
import type { Pump } from "./pump.ts";
import { dmKey, pushEntry, topicKey } from "./push-entry.ts";
import { createTail, type Tail } from "./tail.ts";

/** Who listens to what, on this broker: a commit wakes the pumps of the destinations it reached. */
export interface Router {
  mesh(meshId: string): MeshRoute;
  /** After a commit, in sequence order. */
  committed(meshId: string, messages: readonly CommittedMessage[]): void;
  /** The log may have moved without `committed`. */
  uncertain(meshId: string): void;
}

export interface MeshRoute {
  readonly tail: Tail;
  head(): number;
  raiseHead(seq: number): void;
  attach(memberId: string, pump: Pump): void;
  /** After the pump's destinations changed. */
  index(pump: Pump): void;
  detach(memberId: string, pump: Pump): void;
}

interface MeshState extends MeshRoute {
  readonly dms: Map<string, Set<Pump>>;
  readonly topics: Map<DestinationKey, Set<Pump>>;
}

export function createRouter(limits: BrokerLimits): Router {
  const meshes = new Map<string, MeshState>();

  function meshOf(meshId: string): MeshState {
    let mesh = meshes.get(meshId);
    if (mesh === undefined) {
      mesh = createMeshState(limits, () => meshes.delete(meshId));
      meshes.set(meshId, mesh);
    }
    return mesh;
  }

  return {
    mesh: meshOf,
    committed(meshId, messages) {
      const mesh = meshes.get(meshId);
      if (mesh === undefined) return;
      const woken = new Set<string>();
      for (const message of messages) {
        const { destination } = message.outcome;
        mesh.raiseHead(message.outcome.seq);
        const key =
          destination.kind === "dm"
            ? `dm:${destination.member_id}`
            : destination.kind === "topic"
              ? topicKey(destination.topic_id)
              : `queue:${destination.name}`;
        const receivers = destination.kind === "dm" ? mesh.dms.get(destination.member_id) : mesh.topics.get(key);
        // Without a receiver on this broker the entry only keeps the tail's numbers without gap.
        mesh.tail.append(key, pushEntry(logMessage(message)));
        if (receivers !== undefined && receivers.size > 0) woken.add(key);
      }
      for (const key of woken) {
        const receivers = key.startsWith("dm:") ? mesh.dms.get(key.slice(3)) : mesh.topics.get(key);
        for (const pump of receivers ?? []) pump.wake(key.startsWith("dm:") ? dmKey : key);
      }
    },
    uncertain(meshId) {
      const mesh = meshes.get(meshId);
      if (mesh === undefined) return;
      mesh.tail.reset();
      // Whatever was committed unseen is found by reading the store.
      for (const pumps of mesh.dms.values())
        for (const pump of pumps) for (const key of pump.destinations()) pump.wake(key);
    },
  };
}

function createMeshState(limits: BrokerLimits, emptied: () => void): MeshState {
  const dms = new Map<string, Set<Pump>>();
  const topics = new Map<DestinationKey, Set<Pump>>();
  let head = 0;

  function unindex(pump: Pump): void {
    for (const [key, pumps] of topics) if (pumps.delete(pump) && pumps.size === 0) topics.delete(key);
  }

  return {
    dms,
    topics,
    tail: createTail(limits),
    head: () => head,
    raiseHead(seq) {
      head = Math.max(head, seq);
    },
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

function addTo(sets: Map<string, Set<Pump>>, key: string, pump: Pump): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([pump]));
  else set.add(pump);
}

function logMessage({ item, outcome, broker_message_id, accepted_at }: CommittedMessage): LogMessage {
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
          : `queue:${destination.name}`,
    position: outcome.position,
    envelope: item.envelope,
  };
}
