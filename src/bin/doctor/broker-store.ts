import { join } from "node:path";
import { type BrokerCheck, ok } from "./check.ts";
import { storeFacts } from "./stopped-store.ts";

/** Of a broker that does not run: one that does has checked its database at its start. */
export const check: BrokerCheck = {
  name: "store",
  run(_host, { dir, status }) {
    if (status.state !== "stopped") return [];
    const { facts, faults } = storeFacts(join(dir, "broker.db"), "broker");
    if (faults.length > 0) return faults;
    return facts === null ? [] : [ok(`broker.db can be read (schema ${facts.schema})`)];
  },
};
