import { isUuidV7 } from "./ids.ts";

/**
 * The text of an API key: `cmk_`, the mesh's id without hyphens, and 32 random bytes in base64url. The mesh stands in it
 * because keys are kept by mesh: whoever reads one knows where to look before anything is proven.
 */
export interface ApiKeyText {
  readonly meshId: string;
  /** 32 bytes. The broker keeps their SHA-256 alone. */
  readonly secret: Uint8Array;
}

export const apiKeyScopes = ["send", "read"] as const;
export type ApiKeyScope = (typeof apiKeyScopes)[number];

const keyPattern = /^cmk_([0-9a-f]{32})_([A-Za-z0-9_-]{43})$/;
export const apiKeySenderPrefix = "api:";

export function writeApiKey({ meshId, secret }: ApiKeyText): string {
  return `cmk_${meshId.replaceAll("-", "")}_${Buffer.from(secret).toString("base64url")}`;
}

/** null: it is none. */
export function readApiKey(text: string): ApiKeyText | null {
  const [, mesh = "", written = ""] = keyPattern.exec(text) ?? [];
  const secret = Buffer.from(written, "base64url");
  // Unused bits of the last character must be zero: a key has one spelling.
  if (mesh === "" || secret.length !== 32 || secret.toString("base64url") !== written) return null;
  return { meshId: mesh.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"), secret };
}

/** The `key_id` of an envelope that came by an API key. */
export function apiKeySender(keyId: string): string {
  return `${apiKeySenderPrefix}${keyId}`;
}

export function isApiKeySender(text: string): boolean {
  return text.startsWith(apiKeySenderPrefix) && isUuidV7(text.slice(apiKeySenderPrefix.length));
}
