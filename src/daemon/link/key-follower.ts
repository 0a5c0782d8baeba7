import { createTogether } from "../../base/in-turn.ts";
import type { Keyring, LinkRequest } from "../parts.ts";

/**
 * Follows the broker's news of keys for as long as a link lasts. A revocation in a mesh of many topics brings one word for each new
 * key: those that come while the keys are read are answered together, by one more reading.
 */
export function createKeyFollower(keyring: Pick<Keyring, "follow">, request: LinkRequest): () => Promise<void> {
  return createTogether(() => keyring.follow(request));
}
