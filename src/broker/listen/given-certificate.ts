import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { Certificate } from "./own-certificate.ts";

/** The operator's certificate (a chain is welcome) and key, PEM. null when none is given. Throws usage or invalid_config naming the file. */
export function readCertificate(certPath: string | null, keyPath: string | null): Certificate | null {
  if (certPath === null && keyPath === null) return null;
  if (certPath === null || keyPath === null)
    throw new ClaudemeshError("usage", "--tls-cert and --tls-key are given together or not at all");
  const cert = read(certPath);
  const key = read(keyPath);
  const certificate = parse(certPath, "certificate", () => new X509Certificate(cert));
  const privateKey = parse(keyPath, "private key", () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey))
    throw new ClaudemeshError("invalid_config", `${keyPath} is not the key of the certificate in ${certPath}`, {
      hint: "give the two files that were made together",
    });
  return { cert, key };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const reason =
      cause instanceof Error && "code" in cause && cause.code === "ENOENT"
        ? "there is no such file"
        : "it cannot be read";
    throw new ClaudemeshError("invalid_config", `${path}: ${reason}`, {
      hint: "give a PEM file that you may read",
      cause,
    });
  }
}

/** The cause may quote the key, so it stays out of the error. */
function parse<T>(path: string, what: string, made: () => T): T {
  try {
    return made();
  } catch {
    throw new ClaudemeshError("invalid_config", `${path} holds no ${what} in PEM form`, {
      hint: "give PEM files without a passphrase",
    });
  }
}
