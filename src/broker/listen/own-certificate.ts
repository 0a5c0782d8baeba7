import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createFileOnce, readFileIfPresent, writeFileAtomic } from "../../base/atomic-file.ts";
import { ClaudemeshError } from "../../protocol/error.ts";

/** A broker's TLS identity, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const dayMs = 86_400_000;
const goodForMs = 3_650 * dayMs;
/** Daemons pin the key and ask for no date; whoever else looks finds a date that is not over. */
const renewBeforeMs = 365 * dayMs;

/**
 * The broker's own certificate, in `tls_cert.pem` and `tls_key.pem` (0600) of its data directory. The key is made once
 * and stays: every invite and every member has pinned it. The certificate is renewed around it.
 */
export async function ownCertificate(dataDir: string, now: number): Promise<Certificate> {
  const [keyPath, certPath] = [join(dataDir, "tls_key.pem"), join(dataDir, "tls_cert.pem")];
  const key = readKey(keyPath) ?? makeKey(keyPath);
  const present = readFileIfPresent(certPath)?.toString("utf8") ?? null;
  if (present !== null && isGood(present, key, now))
    return { cert: present, key: key.export({ type: "pkcs8", format: "pem" }).toString() };
  const made = await selfSign(key, now);
  writeFileAtomic(certPath, made.cert, 0o600);
  return made;
}

function makeKey(path: string): KeyObject {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  createFileOnce(path, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  return createPrivateKey(readFileSync(path));
}

/** Never replaced when it cannot be read: with another key the broker would be a stranger to everybody. */
function readKey(path: string): KeyObject | null {
  const bytes = readFileIfPresent(path);
  if (bytes === null) return null;
  try {
    return createPrivateKey(bytes);
  } catch (cause) {
    throw new ClaudemeshError("invalid_config", `${path} is not a readable private key`, {
      hint: "restore the file from a backup; with a new one every member must join again by a new invite",
      cause,
    });
  }
}

function isGood(cert: string, key: KeyObject, now: number): boolean {
  try {
    const read = new X509Certificate(cert);
    return read.checkPrivateKey(key) && Date.parse(read.validTo) - now > renewBeforeMs;
  } catch {
    return false;
  }
}

async function selfSign(key: KeyObject, now: number): Promise<Certificate> {
  // Loaded here only: most starts find their certificate made.
  const { generate } = await import("selfsigned");
  const privateKey = key.export({ type: "pkcs8", format: "pem" }).toString();
  const publicKey = createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
  const { cert } = await generate([{ name: "commonName", value: "claudemesh" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    keyPair: { privateKey, publicKey },
    notBeforeDate: new Date(now - dayMs),
    notAfterDate: new Date(now + goodForMs),
  });
  return { cert, key: privateKey };
}
