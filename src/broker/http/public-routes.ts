import type { Api } from "../../http/api.ts";
import { openApiRoute } from "../../http/open-api-route.ts";
import { operation, type Route, tagged } from "../../http/route.ts";
import { constant, view } from "../../http/view.ts";
import type { DirectParts } from "../direct/direct-parts.ts";
import { directReadRoutes } from "../direct/read-routes.ts";
import { directSendRoutes } from "../direct/send-routes.ts";
import { type BlobRouteParts, blobRoutes } from "../files/blob-routes.ts";
import type { JoinParts } from "../join/join.ts";
import { joinRoutes } from "../join/join-routes.ts";
import type { BrokerMetrics } from "../metrics.ts";

export interface PublicParts {
  readonly programVersion: string;
  readonly join: JoinParts;
  readonly direct: DirectParts;
  readonly files: BlobRouteParts;
  /** null: not shown on this listener. */
  readonly metrics: BrokerMetrics | null;
  /** Rejects while the broker must not get traffic. */
  ready(): Promise<void>;
}

export const publicApi: Api = {
  title: "claudemesh broker: public port",
  description:
    "What a broker answers beside the link, which is a WebSocket at `/v1/link`: pages for those who watch it, how a host that holds an invite becomes a member, and sending and reading without a daemon, by an API key. Where no key is asked for, signatures say who asks, or nobody does: of files, `Authorization: Claudemesh <member_id>.<time>.<signature>`, ed25519 by the member's key over method, path, mesh, Host, member and time, which may lie five minutes from the broker's. Answers may get further fields, so ignore what you do not know. Errors are problem details with a `code` to decide by.",
  servers: [
    {
      url: "http://127.0.0.1:{port}",
      description: "On the broker's own host: `url` of `claudemesh status --json`",
      variables: { port: { default: "0", description: "Picked at the first start and kept" } },
    },
    {
      url: "https://{authority}",
      description: "From other hosts, over TLS 1.3: `exposed_url` of `claudemesh status --json`",
      variables: { authority: { default: "localhost:8787", description: "As the invite names it" } },
    },
  ],
  token:
    "An API key, as `claudemesh apikey create` of the broker's operator shows it once. It belongs to a member of one mesh and has scopes: `send` for sending and for what became of it, `read` for the rest. A wrong one too often, and its address has to wait.",
  program: "broker",
  pathsHint: "daemons connect to /v1/link by WebSocket; /healthz and /readyz tell of the broker",
  busyCode: "rate_limited",
  errors: [],
  strayErrors: [],
};

/** Everything that the broker's port answers, the link beside it excepted. One line a group. */
export function publicRoutes(parts: PublicParts): readonly Route[] {
  const routes: readonly Route[] = [
    ...tagged("watching", [...watchRoutes(parts), ...metricsRoutes(parts.metrics)]),
    ...tagged("joining", joinRoutes(parts.join)),
    ...tagged("messages", directSendRoutes(parts.direct)),
    ...tagged("reading", directReadRoutes(parts.direct)),
    ...tagged("files", blobRoutes(parts.files)),
    ...tagged("description", [openApiRoute(publicApi, () => routes, parts.programVersion)]),
  ];
  return routes;
}

/** Pages for those who watch the broker. A prober may add what it likes to the query. */
function watchRoutes(parts: PublicParts): readonly Route[] {
  return [
    operation({
      name: "healthz",
      method: "GET",
      path: "/healthz",
      summary: "Whether the process lives",
      query: null,
      head: true,
      answers: [{ status: 200, description: "It does", body: view({ status: constant("ok") }) }],
      handle: () => ({ status: 200, body: { status: "ok" } }),
    }),
    operation({
      name: "readyz",
      method: "GET",
      path: "/readyz",
      summary: "Whether the broker may get traffic: it is not stopping and its store answers",
      query: null,
      head: true,
      answers: [{ status: 200, description: "It may", body: view({ status: constant("ready") }) }],
      errors: ["stopping", "store_unavailable"],
      async handle() {
        await parts.ready();
        return { status: 200, body: { status: "ready" } };
      },
    }),
  ];
}

/** They name meshes and say how busy each is, which is nobody's business who only reached the port. */
function metricsRoutes(metrics: BrokerMetrics | null): readonly Route[] {
  if (metrics === null) return [];
  return [
    operation({
      name: "metrics",
      method: "GET",
      path: "/metrics",
      summary:
        "Metrics in the Prometheus text format; on the address for other hosts only where `[listen] public_metrics` says so",
      query: null,
      head: true,
      answers: [{ status: 200, description: "Every metric of the broker", contentType: "text/plain" }],
      async handle() {
        const { registry } = metrics;
        return { status: 200, text: await registry.metrics(), contentType: registry.contentType };
      },
    }),
  ];
}
