import { join } from "node:path";
import { usesDatabase } from "../../broker/open-store.ts";
import { type BrokerCheck, ok, problem } from "./check.ts";
import { storeFacts } from "./stopped-store.ts";

const putBack = "keep a copy of the file, and put back a backup of it: claudemesh restore";

/** Of a broker that does not run: one that does has checked its database at its start. */
export const check: BrokerCheck = {
  name: "store",
  run(host, { dir, status }) {
    if (status.state !== "stopped") return [];
    if (usesDatabase(dir))
      return host.variable("DATABASE_URL") === null
        ? [
            problem(
              "this broker's messages are in PostgreSQL, and DATABASE_URL is not set here",
              "set it as the broker's service or container does, or start that",
            ),
          ]
        : [ok("this broker's messages are in the PostgreSQL of DATABASE_URL")];
    const { facts, faults } = storeFacts(join(dir, "broker.db"), "broker", putBack);
    if (faults.length > 0) return faults;
    return facts === null ? [] : [ok(`broker.db can be read (schema ${facts.schema})`)];
  },
};
