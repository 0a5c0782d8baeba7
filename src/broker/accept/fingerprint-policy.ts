import { fingerprintVersions } from "../../protocol/fingerprint.ts";

/** Which versions of the wire fingerprint (docs/fingerprints.md) daemons are told to seal under, and which are still taken. Names, as negotiated. */
export interface FingerprintPolicy {
  /** Highest version first; never empty. */
  offered(): readonly string[];
  /** Whether an envelope under it may be committed anew. What is committed already is answered whatever its version. */
  accepts(name: string): boolean;
}

/** Every known version is offered and accepted. */
export function everyFingerprint(): FingerprintPolicy {
  const names = [...fingerprintVersions.values()].reverse();
  return { offered: () => names, accepts: (name) => names.includes(name) };
}
