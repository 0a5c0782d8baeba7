import type { Client } from "../../client/client.ts";
import { plural } from "../../cli/plural.ts";
import { limits } from "../../protocol/limits.ts";
import { type DaemonCheck, type Outcome, ok, warning } from "./check.ts";
import { metric } from "./metric.ts";

const oldSeconds = 3_600;

export const check: DaemonCheck = {
  name: "outbox",
  async run(_host, { health, metrics, client }) {
    if (health === null || client === null) return [];
    const found: Outcome[] = [];
    const { dead, pending, inflight } = health.outbox;
    if (dead > 0)
      found.push(
        warning(
          `${plural(dead, "message")} ended dead and will not be sent`,
          "claudemesh outbox list --state dead; then claudemesh outbox requeue ROW or claudemesh outbox drop ROW",
        ),
      );
    const unknown = await outcomeUnknown(client);
    if (unknown > 0)
      found.push(
        warning(
          `of ${plural(unknown, "message")} the broker has not yet said whether it has them`,
          "nothing is lost: it is asked again when the link is up; claudemesh outbox list --state pending",
        ),
      );
    const ageSeconds = metric(metrics, "cm_daemon_outbox_age_seconds") ?? 0;
    if (ageSeconds > oldSeconds)
      found.push(
        warning(
          `the oldest message waits for ${Math.floor(ageSeconds / 60)} minutes`,
          "see the link above; claudemesh outbox list --state pending",
        ),
      );
    return found.length > 0 ? found : [ok(`${plural(pending + inflight, "message")} on the way, none dead`)];
  },
};

/** Among the first page of those that wait; more than that many have one cause. */
async function outcomeUnknown(client: Pick<Client, "outbox">): Promise<number> {
  const { items } = await client.outbox.list({ state: "pending", limit: limits.pageItemsMax });
  return items.filter((row) => row.outcome_unknown).length;
}
