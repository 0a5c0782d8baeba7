import { createHmac, type KeyObject } from "node:crypto";
import type { Position } from "../../protocol/frames.ts";
import { positionBytes } from "../../protocol/signing.ts";

/** A position with the deployment's own authentication, for a member to keep and to show again (delivery.md §5). */
export function issuePosition(key: KeyObject, meshId: string, place: Omit<Position, "mac">): Position {
  return { ...place, mac: positionMac(key, meshId, place) };
}

export function positionMac(key: KeyObject, meshId: string, place: Omit<Position, "mac">): string {
  return createHmac("sha256", key).update(positionBytes(place, meshId)).digest("base64url");
}
