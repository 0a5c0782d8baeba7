import { connect } from "node:tls";

/**
 * When the certificate ends that answers there, epoch milliseconds; null where none does in this time. It is not judged whether it can be
 * trusted, and nothing is sent.
 */
export function certificateEnd(host: string, port: number, timeoutMs: number): Promise<number | null> {
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      rejectUnauthorized: false,
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    });
    const deadline = AbortSignal.timeout(timeoutMs);
    const end = (found: number | null): void => {
      deadline.removeEventListener("abort", late);
      socket.destroy();
      resolve(found);
    };
    const late = (): void => end(null);
    deadline.addEventListener("abort", late);
    socket.once("error", () => end(null));
    socket.once("close", () => end(null));
    socket.once("secureConnect", () => {
      const at = Date.parse(socket.getPeerX509Certificate()?.validTo ?? "");
      end(Number.isNaN(at) ? null : at);
    });
  });
}
