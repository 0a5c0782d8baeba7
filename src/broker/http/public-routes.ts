import type { Api } from "../../http/api.ts";
import { operation, type Route } from "../../http/route.ts";
import { constant, view } from "../../http/view.ts";
import type { JoinParts } from "../join/admit.ts";
import { joinRoutes } from "../join/join-routes.ts";
import type { BrokerMetrics } from "../metrics.ts";

export interface PublicParts {
  readonly join: JoinParts;
  readonly metrics: BrokerMetrics;
  /** Rejects while the broker must not get traffic. */
  ready(): Promise<void>;
}

export const publicApi: Api = {
  title: "claudemesh broker: public port",
  program: "broker",
  pathsHint: "daemons connect to /v1/link by WebSocket; /healthz, /readyz and /metrics tell of the broker",
  busyCode: "rate_limited",
  errors: [],
};

/** Everything that the broker's port answers, the link beside it excepted. One line a group. */
export function publicRoutes(parts: PublicParts): readonly Route[] {
  return [...watchRoutes(parts), ...joinRoutes(parts.join)];
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
    operation({
      name: "metrics",
      method: "GET",
      path: "/metrics",
      summary: "Metrics in the Prometheus text format",
      query: null,
      head: true,
      answers: [{ status: 200, description: "Every metric of the broker", contentType: "text/plain" }],
      async handle() {
        const { registry } = parts.metrics;
        return { status: 200, text: await registry.metrics(), contentType: registry.contentType };
      },
    }),
  ];
}
