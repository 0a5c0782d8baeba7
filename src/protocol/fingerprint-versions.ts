// The versions of the request fingerprint, a line each (docs/fingerprints.md, "Adding a version"). None is ever taken out:
// a broker compares every dedupe record under the version that it was written in.
export { fingerprintV1 } from "./fingerprint-v1.ts";
export { fingerprintV2 } from "./fingerprint-v2.ts";
