import type { BrokerFrame } from "../../protocol/frames.ts";
import type { LiveLink } from "./live-link.ts";

/** The live links of this broker by mesh and member. A member has at most one that receives, and others only where its mesh allows them. */
export interface LinkRegistry {
  /** The member's receiving link, if it is here. */
  get(meshId: string, memberId: string): LiveLink | null;
  /** All of the member's links here. */
  ofMember(meshId: string, memberId: string): readonly LiveLink[];
  /** A receiving link takes the place of the one before. */
  set(link: LiveLink): void;
  /** Only if it still is one of the member's. */
  remove(link: LiveLink): void;
  ofMesh(meshId: string): readonly LiveLink[];
  all(): readonly LiveLink[];
  count(): number;
  /** To every link of the mesh but one member's. */
  broadcast(meshId: string, frame: BrokerFrame, exceptMemberId?: string): void;
}

export function createLinkRegistry(): LinkRegistry {
  const meshes = new Map<string, Map<string, readonly LiveLink[]>>();
  let count = 0;

  const ofMesh = (meshId: string): LiveLink[] => [...(meshes.get(meshId)?.values() ?? [])].flat();
  const ofMember = (meshId: string, memberId: string): readonly LiveLink[] => meshes.get(meshId)?.get(memberId) ?? [];

  function put(meshId: string, memberId: string, links: readonly LiveLink[]): void {
    const mesh = meshes.get(meshId) ?? new Map<string, readonly LiveLink[]>();
    count += links.length - (mesh.get(memberId)?.length ?? 0);
    if (links.length > 0) mesh.set(memberId, links);
    else mesh.delete(memberId);
    if (mesh.size > 0) meshes.set(meshId, mesh);
    else meshes.delete(meshId);
  }

  return {
    ofMesh,
    ofMember,
    get: (meshId, memberId) => ofMember(meshId, memberId).find(({ receives }) => receives) ?? null,
    set(link) {
      const others = ofMember(link.meshId, link.memberId).filter((other) => !(link.receives && other.receives));
      put(link.meshId, link.memberId, [...others, link]);
    },
    remove(link) {
      const links = ofMember(link.meshId, link.memberId);
      put(
        link.meshId,
        link.memberId,
        links.filter((other) => other !== link),
      );
    },
    all: () => [...meshes.keys()].flatMap(ofMesh),
    count: () => count,
    broadcast(meshId, frame, exceptMemberId) {
      const json = JSON.stringify(frame);
      for (const link of ofMesh(meshId)) if (link.memberId !== exceptMemberId) link.sendText(json);
    },
  };
}
