import { join } from "node:path";
import { plural } from "../../cli/plural.ts";
import { type DaemonCheck, ok, warning } from "./check.ts";
import { storeFacts } from "./stopped-store.ts";

/** Of a daemon that does not run: one that does has checked its databases at its start, and answers for them. */
export const check: DaemonCheck = {
  name: "stores",
  run(_host, { dir, health }) {
    if (health !== null) return [];
    const outbox = storeFacts(join(dir, "outbox.db"), "outbox", "outbox.status");
    const inbox = storeFacts(join(dir, "inbox.db"), "inbox");
    const faults = [...outbox.faults, ...inbox.faults];
    if (faults.length > 0) return faults;
    const counts = outbox.facts?.counts ?? {};
    const waiting = (counts["pending"] ?? 0) + (counts["inflight"] ?? 0);
    if (waiting === 0) return [ok("outbox and inbox can be read; nothing waits to be sent")];
    return [
      warning(
        `the outbox of a daemon that does not run holds ${plural(waiting, "message")} to be sent`,
        "claudemesh daemon up",
      ),
    ];
  },
};
