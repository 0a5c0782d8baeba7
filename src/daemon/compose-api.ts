import { rfc3339 } from "../protocol/time.ts";
import type { Parts } from "./compose-parts.ts";
import type { DaemonOptions } from "./daemon.ts";
import { apiRoutes } from "./localapi/routes.ts";
import { socketPathFor } from "../http/socket-path.ts";
import { createLocalApi, type LocalApi } from "./localapi/server.ts";
import { openLocalToken } from "./localapi/token.ts";
import { readProgramVersion } from "../base/program-version.ts";
import { writeRuntimeFile } from "./runtime-file.ts";
import { schemaVersion } from "./schema-version.ts";

/** The local API over the parts; it announces itself in daemon.json when it starts. */
export function composeApi(
  options: DaemonOptions,
  parts: Parts,
  end: {
    readonly requestStop: () => void;
    /** When the daemon ends by itself; null: it does not. */
    readonly endsAt: number | null;
  },
): LocalApi {
  const { dir, clock, log } = options;
  const { identity, config, metrics } = parts;
  const startedAt = rfc3339(clock.now());
  const socketPath = socketPathFor(dir, "sock", process.env);
  const token = options.http ? openLocalToken(dir) : null;
  const { routes, endStreams } = apiRoutes({
    ...parts,
    // Where no listener asks for it, the next start with one will.
    localToken: () => token ?? openLocalToken(dir),
    listensOnTcp: token !== null,
    tokenRotated: () => metrics.localTokenRotations.inc(),
    clock,
    log,
    mesh: identity.mesh,
    meshId: identity.mesh.mesh_id,
    meshSlug: identity.mesh.slug,
    programVersion: readProgramVersion(),
    schemaVersion,
    sqliteVersion: process.versions["sqlite"] ?? "unknown",
    startedAt,
    metrics: async () => ({ text: await metrics.registry.metrics(), contentType: metrics.registry.contentType }),
    answered: (brokerMessageId, agent) =>
      void parts.offers.answered(brokerMessageId, agent).catch((error: unknown) => {
        log.warn({ err: error }, "a message that was answered could not be marked read");
      }),
    requestStop: end.requestStop,
    endsAt: end.endsAt === null ? null : rfc3339(end.endsAt),
  });
  return createLocalApi({
    routes,
    socketPath,
    endStreams,
    clock,
    log,
    token,
    get allowedOrigins() {
      return config.local_api.allowed_origins;
    },
    get publicHealthCheck() {
      return config.local_api.public_health_check;
    },
    observe({ endpoint, status, transport, seconds }) {
      metrics.ipcRequests.inc({ endpoint, status, transport });
      metrics.ipcSeconds.observe({ endpoint }, seconds);
    },
    announce: (httpPort) =>
      writeRuntimeFile(dir, { pid: process.pid, http_port: httpPort, socket: socketPath, started_at: startedAt }),
  });
}
