import type { KeyObject } from "node:crypto";
import { publicKeyFromHex } from "../../protocol/signing.ts";

const keysMax = 4_096;

/** Public keys by member_id, which name each other until keys rotate: importing one costs as much as checking with it. */
export type MemberKeys = (memberId: string) => KeyObject;

export function createMemberKeys(): MemberKeys {
  const keys = new Map<string, KeyObject>();
  return (memberId) => {
    let key = keys.get(memberId);
    if (key === undefined) {
      if (keys.size >= keysMax) keys.clear();
      key = publicKeyFromHex(memberId);
      keys.set(memberId, key);
    }
    return key;
  };
}
