import type { BrokerFrame } from "../../protocol/frames.ts";
import type { LiveLink } from "./live-link.ts";

/** The live links of this broker by mesh and member. A member has at most one. */
export interface LinkRegistry {
  get(meshId: string, memberId: string): LiveLink | null;
  set(link: LiveLink): void;
  /** Only if it still is the member's link. */
  remove(link: LiveLink): void;
  ofMesh(meshId: string): readonly LiveLink[];
  all(): readonly LiveLink[];
  count(): number;
  /** To every link of the mesh but one member's. */
  broadcast(meshId: string, frame: BrokerFrame, exceptMemberId?: string): void;
}

export function createLinkRegistry(): LinkRegistry {
  const meshes = new Map<string, Map<string, LiveLink>>();
  let count = 0;

  const ofMesh = (meshId: string): LiveLink[] => [...(meshes.get(meshId)?.values() ?? [])];

  return {
    ofMesh,
    get: (meshId, memberId) => meshes.get(meshId)?.get(memberId) ?? null,
    set(link) {
      let mesh = meshes.get(link.meshId);
      if (mesh === undefined) {
        mesh = new Map();
        meshes.set(link.meshId, mesh);
      }
      if (!mesh.has(link.memberId)) count += 1;
      mesh.set(link.memberId, link);
    },
    remove(link) {
      const mesh = meshes.get(link.meshId);
      if (mesh?.get(link.memberId) !== link) return;
      mesh.delete(link.memberId);
      count -= 1;
      if (mesh.size === 0) meshes.delete(link.meshId);
    },
    all: () => [...meshes.values()].flatMap((mesh) => [...mesh.values()]),
    count: () => count,
    broadcast(meshId, frame, exceptMemberId) {
      const json = JSON.stringify(frame);
      for (const link of ofMesh(meshId)) if (link.memberId !== exceptMemberId) link.sendText(json);
    },
  };
}
