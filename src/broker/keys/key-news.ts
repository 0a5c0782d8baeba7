import { ClaudemeshError } from "../../protocol/error.ts";
import type { Log } from "../../base/log.ts";
import type { BrokerLimits } from "../broker-limits.ts";
import type { Bus } from "../fleet/bus.ts";
import type { LinkRegistry } from "../link/registry.ts";
import type { BrokerStore } from "../store/store.ts";

/**
 * Tells the links of this broker of keys. Every mesh with a link here has a number up to which its links have been told, or
 * have asked themselves. Whoever changes something says only that it did, and so does another broker on the bus: then what
 * lies above that number is read from the store and told to those who may know it. The sweep compares the numbers too, so that
 * a word that was lost comes later.
 */
export interface KeyNews {
  /** Call before a link of the mesh is opened: what comes from then on is told. */
  follow(meshId: string): Promise<void>;
  /** A member's link is open, or its own key is another: who has keys of topics and queues that it lacks is asked for them. */
  mayLack(meshId: string, memberId: string): void;
  /** Something was committed here; other brokers are told too. */
  changed(meshId: string): void;
  /** Something was committed by another broker. */
  heard(meshId: string): void;
  /** Somebody at another broker lacks keys of these. */
  asked(meshId: string, destinations: readonly string[]): void;
  /** The mesh's newest number, as the sweep found it. */
  seen(meshId: string, keyHead: number): void;
  /** The store began another life, in which numbers may stand for something else; all links are closed. */
  forget(): void;
}

interface Mesh {
  told: number;
  running: boolean;
  /** Something may have been committed since the store was read. */
  again: boolean;
}

export function createKeyNews(parts: {
  readonly store: Pick<BrokerStore, "keyHead" | "keyChanges" | "keyHolders" | "keysLacked" | "destinationUsers">;
  readonly registry: Pick<LinkRegistry, "ofMember" | "ofMesh">;
  readonly bus: Pick<Bus, "publish">;
  readonly log: Log;
  readonly limits: Pick<BrokerLimits, "keyChangesMax" | "keyHoldersAskedMax">;
}): KeyNews {
  const { store, registry, bus, log, limits } = parts;
  const meshes = new Map<string, Mesh>();

  async function look(meshId: string): Promise<void> {
    // One that was not followed may have been told nothing: a word too many is harmless.
    const mesh = meshes.get(meshId) ?? { told: 0, running: false, again: false };
    meshes.set(meshId, mesh);
    mesh.again = true;
    if (mesh.running) return;
    mesh.running = true;
    try {
      while (mesh.again) {
        mesh.again = false;
        if (registry.ofMesh(meshId).length === 0) return void meshes.delete(meshId);
        await tellAbove(meshId, mesh);
      }
    } catch (thrown) {
      // The next change or sweep looks again from the same number.
      failed(meshId, thrown);
    } finally {
      mesh.running = false;
    }
  }

  async function tellAbove(meshId: string, mesh: Mesh): Promise<void> {
    // Numbers are committed in their order: whatever comes after this was read lies above it.
    const head = await store.keyHead(meshId);
    const changes = await store.keyChanges(meshId, mesh.told, limits.keyChangesMax);
    const destinations = new Set(changes.map(({ destination }) => destination));
    for (const destination of destinations) {
      const of = changes.filter((change) => change.destination === destination);
      const concerned = of.map(({ member_id }) => member_id);
      await tell(meshId, destination, concerned.includes(null) ? null : new Set(concerned));
      if (of.some(({ lacking }) => lacking)) await askHolders(meshId, destination);
    }
    const isAll = changes.length < limits.keyChangesMax;
    mesh.told = isAll ? head : (changes.at(-1)?.key_seq ?? head);
    if (!isAll) mesh.again = true;
  }

  async function tell(meshId: string, destination: string, only: ReadonlySet<unknown> | null): Promise<void> {
    for (const memberId of await store.destinationUsers(meshId, destination, present(meshId, only)))
      for (const link of registry.ofMember(meshId, memberId))
        link.send({ type: "event", event: "keys_changed", destination });
  }

  async function askHolders(meshId: string, destination: string): Promise<void> {
    const among = present(meshId, null);
    for (const memberId of await store.keyHolders(meshId, destination, among, limits.keyHoldersAskedMax))
      for (const link of registry.ofMember(meshId, memberId))
        link.send({ type: "event", event: "keys_wanted", destination });
  }

  async function askAll(meshId: string, destinations: readonly string[]): Promise<void> {
    for (const destination of destinations) await askHolders(meshId, destination);
  }

  function failed(meshId: string, thrown: unknown): void {
    const { code, message } = ClaudemeshError.from(thrown, "store_unavailable");
    log.warn({ mesh_id: meshId, code, error: message }, "news of keys could not be told");
  }

  const present = (meshId: string, only: ReadonlySet<unknown> | null): string[] =>
    registry
      .ofMesh(meshId)
      .map(({ memberId }) => memberId)
      .filter((memberId) => only === null || only.has(memberId));

  return {
    async follow(meshId) {
      if (meshes.has(meshId)) return;
      const told = await store.keyHead(meshId);
      if (!meshes.has(meshId)) meshes.set(meshId, { told, running: false, again: false });
    },
    mayLack(meshId, memberId) {
      void store
        .keysLacked(meshId, memberId, limits.keyChangesMax)
        .then(async (lacked) => {
          if (lacked.length === 0) return;
          bus.publish({ kind: "keys_wanted", mesh_id: meshId, destinations: lacked });
          await askAll(meshId, lacked);
        })
        .catch((thrown: unknown) => failed(meshId, thrown));
    },
    changed(meshId) {
      void look(meshId);
      bus.publish({ kind: "keys_changed", mesh_id: meshId });
    },
    heard: (meshId) => void look(meshId),
    asked: (meshId, destinations) =>
      void askAll(meshId, destinations).catch((thrown: unknown) => failed(meshId, thrown)),
    seen(meshId, keyHead) {
      const mesh = meshes.get(meshId);
      if (mesh?.told !== keyHead) void look(meshId);
    },
    forget: () => meshes.clear(),
  };
}
