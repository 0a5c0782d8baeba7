import { createHash, createHmac } from "node:crypto";
import { lengthPrefixed } from "../../../protocol/length-prefixed.ts";

const tag = (name: string): Buffer => Buffer.from(`claudemesh:host:${name}`, "ascii");

/** Version 2 of the host's fingerprint, 64 hex characters. */
export function hostHash(namespace: string, id: string): string {
  return createHash("sha256")
    .update(lengthPrefixed(tag("v2"), [namespace, id]))
    .digest("hex");
}

/** Version 1: over one id and one address, of whatever interface came first. */
export function hostHashV1(id: string, mac: string): string {
  return createHash("sha256").update(`${id}${mac}`, "utf8").digest("hex");
}

/** How an address of a wire is kept: the file is to tell it again, and not to name it. */
export function wiredHash(salt: Buffer, mac: string): string {
  return createHmac("sha256", salt)
    .update(lengthPrefixed(tag("wired:v1"), [mac]))
    .digest("hex");
}

/** All that the broker learns of a host: equal for one host, mesh and salt, and nothing else can be read from it. */
export function hostPrint(salt: Buffer, hash: string, meshId: string): string {
  return createHmac("sha256", salt)
    .update(lengthPrefixed(tag("print:v1"), [hash, meshId]))
    .digest("hex");
}
