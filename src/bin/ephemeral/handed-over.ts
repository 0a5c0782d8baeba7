import { isRecord } from "../../protocol/feature-schemas.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { MembershipEntry } from "../../protocol/membership/entry.ts";
import { readEntry } from "../../protocol/membership/read-entry.ts";
import { keypairOf } from "../../daemon/identity/keypair.ts";
import type { EphemeralMember } from "../../daemon/ephemeral.ts";

/**
 * What the command that joined gives the daemon's process of an ephemeral member, over a pipe: never in its arguments, its
 * environment or a file. The keys are as keypair.json would have them.
 */
export interface HandedOver {
  readonly keypair: string;
  readonly chain: readonly MembershipEntry[];
  readonly ttlMs: number | null;
}

/** More than the longest chain has. */
const bytesMax = 1_073_741_824;
const source = "what the starting command handed over";

export function handOverText({ keypair, chain, ttlMs }: HandedOver): string {
  return JSON.stringify({ keypair, chain, ttl_ms: ttlMs });
}

/** Reads all of it. Throws invalid_config for what broke off, as when the command was killed; nothing of it is quoted. */
export async function readHandedOver(input: AsyncIterable<Uint8Array>): Promise<EphemeralMember> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw broken();
    chunks.push(chunk);
  }
  const value = parsed(Buffer.concat(chunks).toString("utf8"));
  if (!isRecord(value)) throw broken();
  const { keypair, chain, ttl_ms: ttlMs } = value;
  const isTtl = ttlMs === null || (Number.isSafeInteger(ttlMs) && Number(ttlMs) > 0);
  if (typeof keypair !== "string" || !Array.isArray(chain) || !isTtl) throw broken();
  return {
    keypair: keypairOf(keypair, source),
    chain: chain.map(readEntry),
    ttlMs: ttlMs === null ? null : Number(ttlMs),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function broken(): ClaudemeshError {
  return new ClaudemeshError(
    "invalid_config",
    `${source} broke off: an ephemeral daemon has its keys of nowhere else`,
    {
      hint: "claudemesh up --ephemeral",
    },
  );
}
