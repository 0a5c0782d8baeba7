import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { LinkRequest } from "../parts.ts";

/** A member's x25519 key and the proof that it belongs to it: what its mesh's owner takes it in by. */
export interface OwnKeys {
  readonly x25519_pubkey: string;
  readonly proof: string;
}

/**
 * Tells the broker of a mesh from before there were chains which keys this member would be in one by. Told again on every
 * link, so a failure is not the link's: nothing but the sealing waits for it.
 */
export async function announceKeys(keys: OwnKeys, request: LinkRequest, log: Log): Promise<void> {
  try {
    await request({ type: "keys_announce", x25519_pubkey: keys.x25519_pubkey, proof: keys.proof });
  } catch (thrown) {
    const { code, message } = ClaudemeshError.from(thrown);
    // The chain has this member's keys already, and waits here to be taken over.
    if (code === "mesh_sealed") return;
    log.warn({ code }, `this member's keys were not announced: ${message}`);
  }
}
