import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { removeFile, syncFolder, writeFileAtomic } from "../../base/atomic-file.ts";
import { type FileLayer, systemFiles } from "../../base/file-layer.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { publicKeyHexOf } from "../../protocol/signing.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { requirePrivate } from "./private-file.ts";
import { importPrivate, privateText } from "./private-key-text.ts";

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
  /** RFC 3339, when the pair in use was made. */
  readonly createdAt: string;
}

/** keypair.json as it stands on disk; private keys as private-key-text.ts writes them. */
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
  const sealingSecret = randomBytes(sealingSecretBytes).toString("base64url");
  return fileText(newPair({ memberId: null, sealingSecret, now }));
}

/**
 * Makes the pair that is to follow `current` and puts it on disk beside it (keypair-next.json): member and sealing secret stay. It is
 * not in use before it has taken keypair.json's place.
 */
export function writeNextKeypair(dir: string, current: Keypair, now: number, files: FileLayer): Keypair {
  const sealingSecret = current.sealingSecret.toString("base64url");
  const path = nextPath(dir);
  writeFileAtomic(path, fileText(newPair({ memberId: current.memberId, sealingSecret, now })), 0o600, files);
  return readPair(path);
}

/** null: no change of keys was begun. One that is damaged, or of somebody else, is moved aside with an error in the log. */
export function readNextKeypair(dir: string, current: Keypair, log: Log, now: number): Keypair | null {
  const path = nextPath(dir);
  if (existsSync(path)) requirePrivate(path);
  try {
    return peekNextKeypair(dir, current);
  } catch (thrown) {
    const known = ClaudemeshError.from(thrown);
    if (known.code === "schema_newer") throw known;
    const aside = `${path}.malformed-${now}`;
    renameSync(path, aside);
    log.error(
      { path, aside, problem: known.message },
      "the next keys of this member cannot be used and were moved aside",
    );
    return null;
  }
}

/** As {@link readNextKeypair}, changing nothing: throws invalid_config for one that cannot be used. */
export function peekNextKeypair(dir: string, current: Keypair): Keypair | null {
  const path = nextPath(dir);
  if (!existsSync(path)) return null;
  const next = readPair(path);
  if (next.memberId === current.memberId && next.sealingSecret.equals(current.sealingSecret)) return next;
  throw new ClaudemeshError("invalid_config", `${path} holds keys of another member`);
}

/**
 * The next pair takes keypair.json's place, in one step: a crash leaves the one or the other. Called again where the disk failed, it does
 * what is left to do.
 */
export function replaceKeypair(dir: string, files: FileLayer): void {
  if (existsSync(nextPath(dir))) files.rename(nextPath(dir), keypairPath(dir));
  syncFolder(dir, files);
}

export function removeNextKeypair(dir: string, files: FileLayer): void {
  removeFile(nextPath(dir), files);
}

/** What a crash has left of a write: half a file, that nobody reads and that holds keys. Call only where nobody else writes. */
export function removeTornKeys(dir: string): void {
  for (const name of readdirSync(dir))
    if (/^keypair(-next|-archive)?\.json\.[0-9a-f]{12}\.tmp$/.test(name)) systemFiles.remove(join(dir, name));
}

function newPair(of: {
  readonly memberId: string | null;
  readonly sealingSecret: string;
  readonly now: number;
}): KeypairFile {
  const signing = generateKeyPairSync("ed25519");
  const sealing = generateKeyPairSync("x25519");
  const keyId = publicKeyHexOf(signing.publicKey);
  return {
    schema_version: schemaVersion,
    member_id: of.memberId ?? keyId,
    key_id: keyId,
    ed25519_pubkey: keyId,
    ed25519_privkey: privateText(signing.privateKey),
    x25519_pubkey: publicKeyHexOf(sealing.publicKey),
    x25519_privkey: privateText(sealing.privateKey),
    sealing_secret: of.sealingSecret,
    created_at: rfc3339(of.now),
  };
}

function fileText(file: KeypairFile): string {
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
  return readPair(path);
}

function readPair(path: string): Keypair {
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
      file.key_id === file.ed25519_pubkey &&
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
      createdAt: file.created_at,
    };
  } catch (cause) {
    throw damaged(path, cause);
  }
}

/** False: the member's keys are in memory alone. */
export function hasKeypair(dir: string): boolean {
  return existsSync(keypairPath(dir));
}

function keypairPath(dir: string): string {
  return join(dir, "keypair.json");
}

function nextPath(dir: string): string {
  return join(dir, "keypair-next.json");
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
    "created_at",
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
