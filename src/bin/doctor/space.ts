import { type DaemonCheck, ok, problem, warning } from "./check.ts";
import { metric } from "./metric.ts";

const warningPercent = 80;

/** What the databases take of what they may take. */
export const check: DaemonCheck = {
  name: "space",
  run(_host, { metrics }) {
    const shares = (["outbox", "inbox"] as const).flatMap((kind) => {
      const percent = metric(metrics, "cm_daemon_disk_pct", { kind });
      return percent === null ? [] : [{ kind, percent }];
    });
    return shares.map(({ kind, percent }) => {
      const text = `the ${kind} takes ${Math.round(percent)} % of the disk space it may take`;
      const hint = `claudemesh config set outbox.disk_bytes_max BYTES, or make the broker reachable so that it empties`;
      if (percent < warningPercent) return ok(text);
      const helps = kind === "outbox" ? hint : "what is read is forgotten by and by; claudemesh inbox --mark-read";
      return percent < 100 ? warning(text, helps) : problem(text, helps);
    });
  },
};
