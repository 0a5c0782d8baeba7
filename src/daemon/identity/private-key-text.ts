import { createPrivateKey, type KeyObject } from "node:crypto";

/** A private key as the files of a member hold it: PKCS #8 in base64url. */
export function privateText(key: KeyObject): string {
  return key.export({ format: "der", type: "pkcs8" }).toString("base64url");
}

/** Throws for what is no private key of the type. What it throws may quote the text: its callers keep that to themselves. */
export function importPrivate(text: string, type: "ed25519" | "x25519"): KeyObject {
  const key = createPrivateKey({ key: Buffer.from(text, "base64url"), format: "der", type: "pkcs8" });
  if (key.asymmetricKeyType !== type) throw new Error("its keys do not belong together");
  return key;
}
