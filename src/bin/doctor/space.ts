import { type DaemonCheck, ok, problem, warning } from "./check.ts";
import { metric } from "./metric.ts";

const warningPercent = 80;

/** What helps when one of them is near its limit. */
const helps = {
  outbox: "claudemesh config set outbox.disk_bytes_max BYTES, or make the broker reachable so that it empties",
  inbox: "what is read is forgotten by and by; claudemesh inbox --mark-read",
  files: "claudemesh config set files.spool_bytes_max BYTES, or make the broker reachable so that they are brought",
} as const;

/** What the databases, and the files on their way, take of what they may take. Of files there is mostly nothing to say. */
export const check: DaemonCheck = {
  name: "space",
  run(_host, { metrics }) {
    return (["outbox", "inbox", "files"] as const).flatMap((kind) => {
      const percent = metric(metrics, "cm_daemon_disk_pct", { kind });
      if (percent === null) return [];
      const takes = kind === "files" ? "files on their way take" : `the ${kind} takes`;
      const text = `${takes} ${Math.round(percent)} % of the disk space ${kind === "files" ? "they" : "it"} may take`;
      if (percent < warningPercent) return kind === "files" ? [] : [ok(text)];
      return [percent < 100 ? warning(text, helps[kind]) : problem(text, helps[kind])];
    });
  },
};
