import { join } from "node:path";
import { plural } from "../../cli/plural.ts";
import { type DaemonCheck, ok, type Outcome, warning } from "./check.ts";
import { storeFacts } from "./stopped-store.ts";

/** Of a daemon that does not run: one that does has checked its databases at its start, and answers for them. */
export const check: DaemonCheck = {
  name: "stores",
  run(_host, { dir, slug, health }) {
    if (health !== null) return [];
    const recover = `claudemesh recover --mesh ${slug}`;
    const outbox = storeFacts(join(dir, "outbox.db"), "outbox", recover, "outbox.status");
    const inbox = storeFacts(join(dir, "inbox.db"), "inbox", recover);
    const faults = [...outbox.faults, ...inbox.faults];
    if (faults.length > 0) return faults;
    const counts = outbox.facts?.counts ?? {};
    const waiting = (counts["pending"] ?? 0) + (counts["inflight"] ?? 0);
    const dead = counts["dead"] ?? 0;
    const up = `claudemesh daemon up --mesh ${slug}`;
    const found: Outcome[] = [];
    if (waiting > 0)
      found.push(
        warning(`the outbox of a daemon that does not run holds ${plural(waiting, "message")} to be sent`, up),
      );
    if (dead > 0)
      found.push(
        warning(
          `${plural(dead, "message")} ended dead and will not be sent`,
          `${up}; then: claudemesh outbox list --state dead --mesh ${slug}`,
        ),
      );
    return found.length > 0 ? found : [ok("outbox and inbox can be read; nothing waits to be sent")];
  },
};
