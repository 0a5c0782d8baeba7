import { plural } from "../../cli/plural.ts";
import { type DaemonCheck, warning } from "./check.ts";
import { metric } from "./metric.ts";

/** Messages that were received and cannot be opened. */
export const check: DaemonCheck = {
  name: "undecryptable",
  run(_host, { metrics, slug }) {
    const count = metric(metrics, "cm_daemon_decrypt_undecryptable") ?? 0;
    if (count === 0) return [];
    return [
      warning(
        `${plural(count, "message")} arrived and cannot be opened; ${count === 1 ? "it is" : "they are"} kept sealed`,
        `claudemesh inbox --undecryptable --mesh ${slug} says of each why, and whether a key may still come`,
      ),
    ];
  },
};
