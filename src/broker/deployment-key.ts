import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createFileOnce, readFileIfPresent } from "../base/atomic-file.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { newUuidV7 } from "../protocol/ids.ts";

/** The broker's identity: daemons pin the public key; the secret authenticates positions and never leaves the host. */
export interface DeploymentKey {
  readonly brokerId: string;
  readonly privateKey: KeyObject;
  /** 64 lower-case hex characters. */
  readonly publicKeyHex: string;
  /** 32 bytes, HMAC key of positions. */
  readonly positionSecret: Buffer;
}

/**
 * Reads deployment_key.json, or makes it (0600, written atomically) before anything else is stored. One that cannot be
 * read, or is missing later, stops the start: with another key the broker would be a stranger to every member.
 */
export function loadDeploymentKey(
  path: string,
  { isFirstStart, now }: { readonly isFirstStart: boolean; readonly now: number },
): DeploymentKey {
  const present = readFileIfPresent(path);
  if (present !== null) return parse(present.toString("utf8"), path);
  if (!isFirstStart) {
    throw new ClaudemeshError("invalid_config", `${path} is missing: every member knows this broker by that key`, {
      hint: "put the file back from a backup, or set CLAUDEMESH_DEPLOYMENT_DIR as before; a new broker begins in a folder of its own",
    });
  }
  const { privateKey } = generateKeyPairSync("ed25519");
  const text = JSON.stringify({
    schema_version: 1,
    broker_id: newUuidV7(now),
    ed25519_privkey: privateKey.export({ format: "der", type: "pkcs8" }).toString("base64url"),
    position_secret: randomBytes(32).toString("base64url"),
  });
  // Another broker of the deployment may have made it in this very moment: what stands there is the key of all of them.
  createFileOnce(path, `${text}\n`);
  return parse(readFileSync(path, "utf8"), path);
}

function parse(text: string, path: string): DeploymentKey {
  try {
    const file = JSON.parse(text) as Record<string, unknown>;
    const { schema_version, broker_id, ed25519_privkey, position_secret } = file;
    if (
      schema_version !== 1 ||
      typeof broker_id !== "string" ||
      typeof ed25519_privkey !== "string" ||
      typeof position_secret !== "string"
    ) {
      throw new Error("fields are missing or of another version");
    }
    const privateKey = createPrivateKey({
      key: Buffer.from(ed25519_privkey, "base64url"),
      format: "der",
      type: "pkcs8",
    });
    const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
    const positionSecret = Buffer.from(position_secret, "base64url");
    if (privateKey.asymmetricKeyType !== "ed25519" || positionSecret.length !== 32)
      throw new Error("a key is not usable");
    return { brokerId: broker_id, privateKey, publicKeyHex: spki.subarray(-32).toString("hex"), positionSecret };
  } catch (thrown) {
    // Never replaced: every daemon has pinned this key.
    throw new ClaudemeshError("invalid_config", `${path} is not a readable deployment key.`, {
      hint: "restore the file from a backup; a new key would be refused by every daemon",
      cause: thrown,
    });
  }
}
