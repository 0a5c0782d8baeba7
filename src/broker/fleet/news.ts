import type { EventFrame } from "../../protocol/frames.ts";
import type { LinkRegistry } from "../link/registry.ts";
import type { Bus } from "./bus.ts";

/** News of a mesh for all its links, at this broker and at the others. Loss of one is harmless: every state can be asked for. */
export interface News {
  tell(meshId: string, event: EventFrame, exceptMemberId?: string): void;
  /** For these members alone. */
  tellOnly(meshId: string, event: EventFrame, memberIds: readonly string[]): void;
}

export function createNews(registry: LinkRegistry, bus: Pick<Bus, "publish">): News {
  return {
    tell(meshId, event, exceptMemberId) {
      registry.broadcast(meshId, event, exceptMemberId);
      bus.publish({ kind: "event", mesh_id: meshId, event, except: exceptMemberId ?? null });
    },
    tellOnly(meshId, event, memberIds) {
      for (const memberId of memberIds) for (const link of registry.ofMember(meshId, memberId)) link.send(event);
      bus.publish({ kind: "event_for", mesh_id: meshId, event, only: memberIds });
    },
  };
}
