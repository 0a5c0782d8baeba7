import { createHash, type X509Certificate } from "node:crypto";
import { connect, createSecureContext, getCACertificates, type SecureContext, type TLSSocket } from "node:tls";

/** The peer showed another certificate than the one that was pinned. Nothing was sent to it. */
export class PinMismatch extends Error {
  override readonly name = "PinMismatch";
  readonly found: string;
  constructor(found: string) {
    super("the certificate is not the one that was pinned");
    this.found = found;
  }
}

/**
 * A certificate's print: SHA-256 of its public key (SubjectPublicKeyInfo, as RFC 7469 §2.4 pins it), 64 lower-case hex
 * characters. It stays when the certificate is renewed with the same key.
 */
export function certificatePrint(certificate: X509Certificate): string {
  return createHash("sha256")
    .update(certificate.publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/**
 * A TLS connection (1.3) to who holds the pinned key, or with `print` null to who has a certificate for this host that
 * the system trusts. Resolves once that is proven, so that a caller cannot say anything to anybody else. Rejects with
 * {@link PinMismatch}, the system's error, or the signal's reason.
 */
export function dialTls(options: {
  readonly host: string;
  readonly port: number;
  readonly print: string | null;
  readonly signal: AbortSignal;
}): Promise<TLSSocket> {
  const { host, port, print, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = connect({
      host,
      port,
      minVersion: "TLSv1.3",
      ALPNProtocols: ["http/1.1"],
      // A pin is stricter than any authority: names and dates of the certificate then say nothing more.
      rejectUnauthorized: print === null,
      ...(print === null ? { secureContext: systemTrust() } : {}),
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    });
    const fail = (reason: unknown): void => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      reject(reason);
    };
    const onAbort = (): void => fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("error", fail);
    socket.once("close", () => fail(new Error("the connection was closed before it was secure")));
    socket.once("secureConnect", () => {
      const certificate = socket.getPeerX509Certificate();
      const found = certificate === undefined ? "" : certificatePrint(certificate);
      if (print !== null && found !== print) return fail(new PinMismatch(found));
      signal.removeEventListener("abort", onAbort);
      socket.off("error", fail).removeAllListeners("close");
      resolve(socket);
    });
  });
}

let trust: SecureContext | null = null;

/** The authorities that come with Node, and those of this system, where an operator's own one stands. Read once. */
function systemTrust(): SecureContext {
  trust ??= createSecureContext({
    minVersion: "TLSv1.3",
    ca: [...getCACertificates("default"), ...getCACertificates("system")],
  });
  return trust;
}
