import { X509Certificate } from "node:crypto";
import { hostname, networkInterfaces } from "node:os";
import { certificatePrint } from "../../base/pinned-tls.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { BrokerReach } from "../../protocol/invite-frames.ts";
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
  const publicHost = publicUrl === null ? null : new URL(publicUrl).host;
  if (publicHost !== null && (wanted === null || wanted.toLowerCase() === publicHost))
    return { authority: publicHost, transport: { kind: "trusted" }, loopback: false };
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

/** Interfaces of containers, virtual machines and tunnels: who is asked in from outside seldom comes by them. */
const virtual = /^(docker|br-|veth|cni|flannel|cali|virbr|vboxnet|vmnet|vEthernet|tun|tap|wg|tailscale|utun|ppp|zt)/;

/** Of a broker that listens everywhere, the address that another host most likely reaches. */
export function externalHost(
  host: string,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): string {
  if (!everywhere.has(host)) return host.toLowerCase();
  const addresses = Object.entries(interfaces)
    .flatMap(([name, found]) => (found ?? []).map((address) => ({ name, ...address })))
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"));
  const rank = ({ name, family }: { name: string; family: string }): number =>
    (virtual.test(name) ? 2 : 0) + (family === "IPv4" ? 0 : 1);
  const [best] = addresses.toSorted((a, b) => rank(a) - rank(b));
  return best?.address ?? hostname().toLowerCase();
}
