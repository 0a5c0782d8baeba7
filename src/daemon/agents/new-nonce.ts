import { randomBytes } from "node:crypto";

/** For the tags of one frame: no sender can know it. */
export function newNonce(): string {
  return randomBytes(8).toString("hex");
}
