import { join } from "node:path";
import { type BrokerCheck, ok, problem, warning } from "./check.ts";
import { usesDatabase } from "../../broker/open-store.ts";
import { readListenRecord } from "../listen-record.ts";
import { lastEnd } from "./last-end.ts";

export const check: BrokerCheck = {
  name: "process",
  async run(host, { dir, status }) {
    // What the next start would refuse is thrown here in the same words.
    readListenRecord(dir);
    if (status.state === "running") return [ok(`the broker runs at ${status.url} (pid ${status.pid})`)];
    const restart = "claudemesh broker restart";
    if (status.state === "unresponsive")
      return [
        problem("the broker has its socket open and does not answer on it", `${restart}; claudemesh logs --broker`),
      ];
    const lock = join(dir, "broker.lock");
    if (host.isLocked(lock) === true)
      return [
        problem(
          `a process holds ${lock}, and nothing answers on the socket: a broker that hangs, or one started elsewhere on this folder`,
          `wait a moment; then ${restart}, or find it: fuser ${lock}`,
        ),
      ];
    const ends = await lastEnd(host, dir, "broker");
    if (ends.length > 0) return ends;
    // One over PostgreSQL most often is a service or a container, whose log is kept elsewhere.
    const up = usesDatabase(dir)
      ? "start its service or container, whose log says why it ended"
      : "claudemesh broker up";
    return [warning("the broker does not run", up)];
  },
};
