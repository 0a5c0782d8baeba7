import type { BrokerStatus, DaemonStatus } from "../../cli/launcher.ts";
import type { Client } from "../../client/client.ts";
import { connect } from "../../client/connect.ts";
import { daemonDirs } from "../../client/find-daemon.ts";
import { readMeshFile } from "../../daemon/identity/mesh-file.ts";
import type { HealthView } from "../../protocol/local-api.ts";
import { brokerDir, brokerStatus } from "../launch-broker.ts";
import { daemonStatus } from "../launch-daemon.ts";
import { askTimeoutMs } from "./host.ts";

const httpsPort = 443;

/** One daemon's folder, and what its process says when it is asked. */
export interface DaemonSite {
  readonly slug: string;
  readonly dir: string;
  /** null: not even its files say who it is. */
  readonly status: DaemonStatus | null;
  /** null unless it runs. */
  readonly health: HealthView | null;
  /** Prometheus text; "" unless it runs. */
  readonly metrics: string;
  /** A client of the running daemon; null unless it runs. */
  readonly client: Pick<Client, "agents" | "hooks" | "members" | "outbox"> | null;
  /** Of a broker whose certificate this system must trust, since none is pinned; null: of any other. */
  readonly brokerTls: { readonly host: string; readonly port: number } | null;
}

export interface BrokerSite {
  readonly dir: string;
  readonly status: BrokerStatus;
}

/** Every daemon's folder, asked for the process in it. The caller closes the clients with `close`. */
export async function daemonSites(home: string): Promise<readonly (DaemonSite & { close(): void })[]> {
  return Promise.all(
    daemonDirs(home).map(async ({ slug, dir }) => {
      const status = await daemonStatus(home, dir).catch(() => null);
      const nothing = {
        slug,
        dir,
        status,
        health: null,
        metrics: "",
        client: null,
        brokerTls: trustedBroker(dir),
        close: () => {},
      };
      if (status?.state !== "running") return nothing;
      const client = connect({ socketPath: status.socket });
      try {
        const [health, metrics] = await Promise.all([
          client.health({ timeoutMs: askTimeoutMs }),
          client.metrics({ timeoutMs: askTimeoutMs }),
        ]);
        return { ...nothing, health, metrics, client, close: () => client.close() };
      } catch {
        // It ended meanwhile: what its folder says is left.
        client.close();
        return nothing;
      }
    }),
  );
}

function trustedBroker(dir: string): DaemonSite["brokerTls"] {
  try {
    const { broker_url, certificate_print } = readMeshFile(dir);
    const { protocol, hostname, port } = new URL(broker_url);
    if (protocol !== "wss:" || certificate_print !== null) return null;
    return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || httpsPort) };
  } catch {
    // What is wrong with the file is told by the check of the identity.
    return null;
  }
}

/** null when this home has no broker. */
export async function brokerSite(home: string): Promise<BrokerSite | null> {
  const dir = brokerDir(home);
  const status = await brokerStatus(dir);
  return status.state === "absent" ? null : { dir, status };
}
