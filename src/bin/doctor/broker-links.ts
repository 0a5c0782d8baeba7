import { type CloseKind, closeCodes } from "../../protocol/close-codes.ts";
import { type BrokerCheck, warning } from "./check.ts";
import { metric } from "./metric.ts";

/** What daemons that close so have met, and what the broker's operator can do. */
const left: readonly (readonly [CloseKind, means: string, helps: string])[] = [
  ["feature_unavailable", "it lacks a feature that they require", "upgrade this broker"],
  [
    "feature_param_invalid",
    "it has a feature in a way that they do not accept",
    "upgrade the older of broker and daemons (claudemesh version tells), or offer a fingerprint version again that was taken out too early",
  ],
  [
    "feature_param_below_floor",
    "it remembers ids for less time than they demand",
    "claudemesh config set --broker retention.dedupe_days 365, then claudemesh broker restart",
  ],
];

/** Daemons that have left a running broker for good because of what it offers. */
export const check: BrokerCheck = {
  name: "links",
  async run({ page }, { status }) {
    if (status.state !== "running" || status.url === null) return [];
    const metrics = (await page(new URL("/metrics", status.url.replace(/^ws/, "http")).href))?.text ?? "";
    return left.flatMap(([kind, means, helps]) => {
      const code = closeCodes[kind];
      const count = metric(metrics, "cm_broker_links_closed_by_daemons_total", { code: String(code) }) ?? 0;
      if (count === 0) return [];
      const times = count === 1 ? "once" : `${count} times`;
      return [
        warning(
          `since this broker was started daemons have left it ${times} with ${code} (${kind}): ${means}`,
          `${helps}; its log names the members and the feature: claudemesh logs --broker --level warn`,
        ),
      ];
    });
  },
};
