import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { publicKeyHexOf } from "../../protocol/signing.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { requirePrivate } from "./private-file.ts";

const schemaVersion = 1;
const sealingSecretBytes = 32;

/** The member's keys (keypair.json, 0600). Public keys are 64 lower-case hex characters. */
export interface Keypair {
  /** The *first* ed25519 public key; it stays when keys rotate. */
  readonly memberId: string;
  /** Names the key in use. */
  readonly keyId: string;
  readonly signingKey: KeyObject;
  readonly ed25519PublicKey: string;
  readonly x25519PublicKey: string;
  readonly x25519Key: KeyObject;
  readonly sealingSecret: Buffer;
}

/** keypair.json as it stands on disk; private keys are PKCS #8 in base64url. */
interface KeypairFile {
  readonly schema_version: number;
  readonly member_id: string;
  readonly key_id: string;
  readonly ed25519_pubkey: string;
  readonly ed25519_privkey: string;
  readonly x25519_pubkey: string;
  readonly x25519_privkey: string;
  readonly sealing_secret: string;
  readonly created_at: string;
}

/** Makes keys unless `dir` has them; existing ones are never replaced, because everything sent to them would be lost. */
export function createKeypair(dir: string, now: number): Keypair {
  const path = keypairPath(dir);
  if (!existsSync(path)) writeFileAtomic(path, newKeypairText(now));
  return readKeypair(dir);
}

/** New keys as keypair.json has them, for whoever keeps them elsewhere than on disk. */
export function newKeypairText(now: number): string {
  const signing = generateKeyPairSync("ed25519");
  const sealing = generateKeyPairSync("x25519");
  const memberId = publicKeyHexOf(signing.publicKey);
  const file: KeypairFile = {
    schema_version: schemaVersion,
    member_id: memberId,
    key_id: memberId,
    ed25519_pubkey: memberId,
    ed25519_privkey: privateText(signing.privateKey),
    x25519_pubkey: publicKeyHexOf(sealing.publicKey),
    x25519_privkey: privateText(sealing.privateKey),
    sealing_secret: randomBytes(sealingSecretBytes).toString("base64url"),
    created_at: rfc3339(now),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Throws invalid_config for a missing, widened or damaged file, schema_newer for one of a newer program. */
export function readKeypair(dir: string): Keypair {
  const path = keypairPath(dir);
  if (!existsSync(path)) {
    throw new ClaudemeshError("invalid_config", `${path} is missing: nobody can be this member without its keys`, {
      hint: "put the file back from a backup, or begin with a home of its own: CLAUDEMESH_HOME=DIR claudemesh up",
    });
  }
  requirePrivate(path);
  return keypairOf(readFileSync(path, "utf8"), path);
}

/** The keys in the text of a keypair.json. Throws as {@link readKeypair}; `path` says in its words where the text came from. */
export function keypairOf(text: string, path: string): Keypair {
  const file = parse(text, path);
  try {
    const signingKey = importPrivate(file.ed25519_privkey, "ed25519");
    const x25519Key = importPrivate(file.x25519_privkey, "x25519");
    const sealingSecret = Buffer.from(file.sealing_secret, "base64url");
    const matches =
      publicKeyHexOf(signingKey) === file.ed25519_pubkey &&
      publicKeyHexOf(x25519Key) === file.x25519_pubkey &&
      isMemberId(file.member_id) &&
      sealingSecret.length === sealingSecretBytes;
    if (!matches) throw new Error("its keys do not belong together");
    return {
      memberId: file.member_id,
      keyId: file.key_id,
      signingKey,
      x25519Key,
      sealingSecret,
      ed25519PublicKey: file.ed25519_pubkey,
      x25519PublicKey: file.x25519_pubkey,
    };
  } catch (cause) {
    throw damaged(path, cause);
  }
}

function keypairPath(dir: string): string {
  return join(dir, "keypair.json");
}

function parse(text: string, path: string): KeypairFile {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, cause);
  }
  const texts = [
    "member_id",
    "key_id",
    "ed25519_pubkey",
    "ed25519_privkey",
    "x25519_pubkey",
    "x25519_privkey",
    "sealing_secret",
  ] as const;
  if (typeof file !== "object" || file === null) throw damaged(path, null);
  const fields = file as Record<string, unknown>;
  const version = fields["schema_version"];
  if (typeof version === "number" && version > schemaVersion) {
    throw new ClaudemeshError("schema_newer", `${path} was written by a newer claudemesh (schema ${version})`, {
      hint: "install that version or a later one",
    });
  }
  if (version !== schemaVersion || texts.some((name) => typeof fields[name] !== "string")) throw damaged(path, null);
  return file as KeypairFile;
}

/** The cause may quote the file, so only its kind is kept: no secret in error texts. */
function damaged(path: string, cause: unknown): ClaudemeshError {
  const kind =
    cause instanceof SyntaxError
      ? "it is not JSON"
      : cause instanceof Error && cause.message.startsWith("its keys")
        ? cause.message
        : "a field is missing or wrong";
  return new ClaudemeshError("invalid_config", `${path} is damaged: ${kind}`, {
    hint: "put the file back from a backup; a new one would be a new member",
  });
}

function importPrivate(text: string, type: "ed25519" | "x25519"): KeyObject {
  const key = createPrivateKey({ key: Buffer.from(text, "base64url"), format: "der", type: "pkcs8" });
  if (key.asymmetricKeyType !== type) throw new Error("its keys do not belong together");
  return key;
}

function privateText(key: KeyObject): string {
  return key.export({ format: "der", type: "pkcs8" }).toString("base64url");
}
