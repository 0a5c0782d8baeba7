import { X509Certificate } from "node:crypto";
import { hostname, networkInterfaces } from "node:os";
import { certificatePrint } from "../../base/pinned-tls.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { BrokerReach } from "../../protocol/frames.ts";
import { isLoopback } from "../../protocol/loopback.ts";
import type { Certificate } from "./own-certificate.ts";

const everywhere = new Set(["0.0.0.0", "::"]);
const tlsPort = 443;

/** A listener as it stands: the system has given it its port. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** null: without TLS, on loopback. */
  readonly certificate: Certificate | null;
}

/**
 * What an invite says of the way to this broker. `wanted` is one of the addresses it is reached by; null: the one the
 * operator named as public, else that of the exposed listener, else the loopback one.
 */
export function reachOf(
  listeners: { readonly local: Listener; readonly exposed: Listener | null },
  publicUrl: string | null,
  wanted: string | null,
  authorities: ReadonlySet<string>,
): BrokerReach {
  if (wanted === null && publicUrl !== null)
    return { authority: new URL(publicUrl).host, transport: { kind: "trusted" }, loopback: false };
  const { local, exposed } = listeners;
  const listener = exposed ?? local;
  const transport =
    listener.certificate === null
      ? ({ kind: "plain" } as const)
      : ({ kind: "pinned", certificate_print: printOf(listener.certificate) } as const);
  if (wanted === null) {
    const authority = authorityOf(externalHost(listener.host), listener);
    return { authority, transport, loopback: isLoopback(new URL(`ws://${authority}/`).hostname) };
  }
  const authority = wanted.toLowerCase();
  if (!authorities.has(authority)) {
    throw new ClaudemeshError(
      "invalid_field",
      `this broker is not reached as ${JSON.stringify(authority.slice(0, 100))}`,
      {
        hint: `it is reached as ${[...authorities].join(", ")}; its operator can add names: claudemesh config set --broker listen.authorities`,
        details: { field: "address" },
      },
    );
  }
  return { authority, transport, loopback: isLoopback(new URL(`ws://${authority}/`).hostname) };
}

export function printOf(certificate: Certificate): string {
  return certificatePrint(new X509Certificate(certificate.cert));
}

/** As a URL and a Host header have it. */
export function authorityOf(host: string, listener: Pick<Listener, "port" | "certificate">): string {
  const written = host.includes(":") ? `[${host}]` : host;
  return listener.port === tlsPort && listener.certificate !== null ? written : `${written}:${listener.port}`;
}

/** Of a broker that listens everywhere, the address that another host most likely reaches: the first one that is not loopback. */
function externalHost(host: string): string {
  if (!everywhere.has(host)) return host.toLowerCase();
  const addresses = Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"));
  const found = addresses.find(({ family }) => family === "IPv4") ?? addresses[0];
  return found?.address ?? hostname().toLowerCase();
}
