import { Agent, type ClientRequestArgs } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { dialTls } from "../base/pinned-tls.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { isLoopback } from "../protocol/loopback.ts";

/** The way to a broker, as an invite or a member's mesh.json has it. */
export interface BrokerAddress {
  /** `host[:port]` as it is dialled. */
  readonly authority: string;
  /** "plain" is for this host alone; "pinned" proves the key of the certificate; "trusted" what the system trusts. */
  readonly transport:
    | { readonly kind: "plain" }
    | { readonly kind: "pinned"; readonly certificate_print: string }
    | { readonly kind: "trusted" };
}

/** The same of a `ws://` or `wss://` address with the print that was pinned for it. */
export function addressOf(linkUrl: string, certificatePrint: string | null): BrokerAddress {
  const { protocol, host } = new URL(linkUrl);
  if (protocol === "ws:") return { authority: host, transport: { kind: "plain" } };
  if (certificatePrint === null) return { authority: host, transport: { kind: "trusted" } };
  return { authority: host, transport: { kind: "pinned", certificate_print: certificatePrint } };
}

/** A connection on which the broker has proven its certificate. Rejects as {@link dialTls}; nothing was said to anybody then. */
export async function dialBroker({ authority, transport }: BrokerAddress, signal: AbortSignal): Promise<Socket> {
  const url = new URL(`${transport.kind === "plain" ? "http" : "https"}://${authority}/`);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (transport.kind === "plain" ? 80 : 443));
  if (transport.kind !== "plain")
    return dialTls({ host, port, print: transport.kind === "pinned" ? transport.certificate_print : null, signal });
  if (!isLoopback(host)) {
    throw new ClaudemeshError(
      "invite_malformed",
      `the invite names ${authority} without TLS, and that is not this host`,
      {
        hint: "ask for an invite of a broker that other hosts may reach: claudemesh broker up --listen 0.0.0.0:8787",
      },
    );
  }
  return connect({ host, port });
}

/** Shorter than a broker's keep-alive, so that a connection that it is closing is rarely used again. */
const idleMs = 3_000;
const dialMs = 15_000;

/** Keeps connections to one broker for further requests; each was proven when it was made. */
export class BrokerAgent extends Agent {
  readonly #address: BrokerAddress;

  constructor(address: BrokerAddress, connectionsMax: number) {
    super({ keepAlive: true, maxSockets: connectionsMax, maxFreeSockets: connectionsMax, timeout: idleMs });
    this.#address = address;
  }

  override createConnection(
    _options: ClientRequestArgs,
    done?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    // The second argument means nothing beside an error.
    const failed = done as (error: Error) => void;
    dialBroker(this.#address, AbortSignal.timeout(dialMs)).then(
      (socket) => done?.(null, socket),
      (thrown: unknown) => failed(thrown instanceof Error ? thrown : new Error(String(thrown))),
    );
    return undefined;
  }
}
