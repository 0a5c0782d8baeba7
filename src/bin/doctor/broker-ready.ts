import { type BrokerCheck, ok, problem, warning } from "./check.ts";
import { metric } from "./metric.ts";

const logs = "claudemesh logs --broker --level warn";

/** What a running broker says of its store, in the store's own words, and of its Redis. */
export const check: BrokerCheck = {
  name: "ready",
  async run({ page, storeFault }, { dir, status }) {
    if (status.state !== "running" || status.url === null) return [];
    const at = (path: string): string => new URL(path, status.url?.replace(/^ws/, "http")).href;
    const [ready, metrics] = await Promise.all([page(at("/readyz")), page(at("/metrics"))]);
    const redis =
      metric(metrics?.text ?? "", "cm_broker_rate_limit_fallback") === 1
        ? [
            warning(
              "the Redis of REDIS_URL does not answer this broker: it grants its part of the rate limits, and messages between brokers take up to 3 s",
              "nothing is lost by it; start Redis, or correct REDIS_URL and start the broker anew",
            ),
          ]
        : [];
    if (ready === null) return [problem(`${at("/readyz")} does not answer`, logs), ...redis];
    if (ready.ok) return [ok(`${at("/readyz")} says that it takes traffic`), ...redis];
    const fault = await storeFault(dir);
    const why = fault === null ? "" : `: ${fault.message}`;
    return [problem(`${at("/readyz")} says that it must not get traffic${why}`, fault?.hint ?? logs), ...redis];
  },
};
