/**
 * The local fingerprint (kind "request") of a request in a version, 32 bytes. A new row keeps localFingerprintVersion; a row that
 * an earlier program wrote is compared in its own.
 */
export type CallerFingerprint = (version: number) => Uint8Array;
