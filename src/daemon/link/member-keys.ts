import type { KeyObject } from "node:crypto";
import { publicKeyFromHex } from "../../protocol/signing.ts";

const keysMax = 4_096;

/** Public keys by their 64 hex characters (`key_id`): importing one costs as much as checking with it. */
export type MemberKeys = (keyId: string) => KeyObject;

export function createMemberKeys(): MemberKeys {
  const keys = new Map<string, KeyObject>();
  return (keyId) => {
    let key = keys.get(keyId);
    if (key === undefined) {
      if (keys.size >= keysMax) keys.clear();
      key = publicKeyFromHex(keyId);
      keys.set(keyId, key);
    }
    return key;
  };
}
