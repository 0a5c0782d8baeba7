import { hostname, networkInterfaces } from "node:os";

const everywhere = new Set(["0.0.0.0", "::"]);
const loopback = ["127.0.0.1", "[::1]", "localhost"];
const schemePorts = [80, 443];

/**
 * The addresses under which this broker is dialled, lower case as a Host header has them. A hello is signed for one of
 * them (wire.md §1): a hello that was made for another broker, and relayed here, names an address that is not ours.
 */
export function ownAuthorities(listen: { host: string; port: number }, named: readonly string[]): ReadonlySet<string> {
  const listed = named.map((authority) => authority.toLowerCase());
  // Written or not, the scheme's own port is the same address, and clients leave it out.
  const own = new Set([...listed, ...listed.map((authority) => authority.replace(/:(80|443)$/, ""))]);
  for (const host of hostsOf(listen.host)) {
    own.add(`${host}:${listen.port}`);
    if (schemePorts.includes(listen.port)) own.add(host);
  }
  return own;
}

function hostsOf(host: string): readonly string[] {
  if (everywhere.has(host)) {
    const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
    return [...loopback, hostname().toLowerCase(), ...addresses.map(({ address }) => bracketed(address))];
  }
  return host.startsWith("127.") || host === "::1" || host === "localhost"
    ? [...loopback, bracketed(host)]
    : [bracketed(host.toLowerCase())];
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
