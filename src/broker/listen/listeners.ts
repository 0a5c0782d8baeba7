import { ClaudemeshError } from "../../protocol/error.ts";
import type { BrokerReach } from "../../protocol/invite-frames.ts";
import { isLoopback } from "../../protocol/loopback.ts";
import { readBrokerFile } from "../broker-file.ts";
import type { PublicServer } from "../http/public-server.ts";
import { ownAuthorities } from "./authorities.ts";
import { type Certificate, ownCertificate } from "./own-certificate.ts";
import { authorityOf, type Listener, printOf, reachOf } from "./reach.ts";

export interface ListenOptions {
  readonly dataDir: string;
  /** Has the broker's own certificate. */
  readonly deploymentDir: string;
  /** Loopback, without TLS. Port 0: that of the last start, or any free one at the first. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Beside it an address with TLS, for other hosts too. `certificate` null: the broker's own. */
  readonly expose: {
    readonly host: string;
    readonly port: number;
    readonly certificate: Certificate | null;
  } | null;
  /** Further names under which daemons dial, `host:port`. */
  readonly authorities: readonly string[];
  /** What invites name instead, `wss://host[:port]`. */
  readonly publicUrl: string | null;
  readonly now: number;
  /** One server per listener; both serve the same. */
  createServer(certificate: Certificate | null): PublicServer;
}

/** Where a broker is reached. */
export interface Listeners {
  /** Of the loopback listener, `ws://…/v1/link`. */
  readonly url: string;
  readonly port: number;
  readonly exposed: ExposedAddress | null;
  /** Asked anew each time: a host that listens everywhere may get other addresses while it runs. */
  authorities(): ReadonlySet<string>;
  /** What an invite says. Throws invalid_field for an address that is not one of this broker's. */
  reach(authority: string | null): BrokerReach;
  close(): Promise<void>;
}

export interface ExposedAddress {
  readonly url: string;
  readonly port: number;
  readonly certificate_print: string;
}

/** Takes the ports, or none. Ports of the last start are taken again or the start fails: every daemon knows them. */
export async function openListeners(options: ListenOptions): Promise<Listeners> {
  const { listen, expose } = options;
  if (!isLoopback(listen.host)) {
    throw new ClaudemeshError(
      "invalid_config",
      `${listen.host} is not this host's loopback, and without TLS the broker listens on nothing else`,
      {
        hint: `claudemesh broker up --listen ${listen.host}:${listen.port === 0 ? "PORT" : listen.port}`,
      },
    );
  }
  const before = readBrokerFile(options.dataDir);
  const servers: PublicServer[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()));
  };
  const open = async (host: string, port: number, certificate: Certificate | null): Promise<Listener> => {
    const server = options.createServer(certificate);
    servers.push(server);
    return { host, port: await takePort(server, host, port), certificate };
  };
  // Made before a port is open: whoever dials meanwhile would meet a broker that cannot say yet who it is.
  const certificate =
    expose === null ? null : (expose.certificate ?? (await ownCertificate(options.deploymentDir, options.now)));
  try {
    // The address for other hosts may take the port that the loopback one had; members of this host are told of another.
    const kept = before !== null && before.port !== expose?.port ? before.port : 0;
    const local = await open(listen.host, listen.port === 0 ? kept : listen.port, null);
    const exposed =
      expose === null
        ? null
        : await open(expose.host, expose.port === 0 ? (before?.exposed_port ?? 0) : expose.port, certificate);
    return listenersAt(options, local, exposed, close);
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function listenersAt(
  options: ListenOptions,
  local: Listener,
  exposed: Listener | null,
  close: () => Promise<void>,
): Listeners {
  const authorities = (): ReadonlySet<string> => {
    const named = [...options.authorities];
    if (options.publicUrl !== null) named.push(new URL(options.publicUrl).host);
    return new Set([local, ...(exposed === null ? [] : [exposed])].flatMap((at) => [...ownAuthorities(at, named)]));
  };
  const reach = (wanted: string | null): BrokerReach =>
    reachOf({ local, exposed }, options.publicUrl, wanted, authorities());
  return {
    url: `ws://${authorityOf(local.host, local)}/v1/link`,
    port: local.port,
    exposed:
      exposed?.certificate == null
        ? null
        : {
            url: `wss://${reach(null).authority}/v1/link`,
            port: exposed.port,
            certificate_print: printOf(exposed.certificate),
          },
    authorities,
    reach,
    close,
  };
}

async function takePort(server: PublicServer, host: string, port: number): Promise<number> {
  try {
    return await server.listen(host, port);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
    throw new ClaudemeshError("invalid_config", `The broker cannot listen on ${host}:${port}: ${reason}`, {
      hint: `${whatHelps[code] ?? otherPort}: claudemesh broker up --listen ADDRESS:PORT`,
      cause: thrown,
    });
  }
}

const otherPort = "free the port, or name another one";
const otherAddress = "name an address of this host, or 0.0.0.0 for all of them";
const whatHelps: Readonly<Record<string, string>> = {
  EACCES: "ports below 1024 belong to root: name one above, and have a proxy pass on to it",
  EADDRNOTAVAIL: otherAddress,
  ENOTFOUND: otherAddress,
  EAI_AGAIN: otherAddress,
};
