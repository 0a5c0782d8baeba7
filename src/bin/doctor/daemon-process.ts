import { join } from "node:path";
import { readDaemonFile } from "../../client/find-daemon.ts";
import { type DaemonCheck, ok, problem, warning } from "./check.ts";
import { isEphemeral } from "../ephemeral/ended-folder.ts";
import { readLaunchRecord } from "../launch-record.ts";
import { lastEnd } from "./last-end.ts";

export const check: DaemonCheck = {
  name: "process",
  async run(host, { dir, slug, status }) {
    const state = status?.state ?? "stopped";
    if (status !== null && state === "running") return [ok(`the daemon runs (pid ${status.pid})`)];
    const restart = `claudemesh daemon restart --mesh ${slug}`;
    if (state === "unresponsive")
      return [problem("the daemon has its socket open and does not answer on it", `${restart}; claudemesh logs`)];
    const lock = join(dir, "daemon.lock");
    if (host.isLocked(lock) === true)
      return [
        problem(
          `a process holds ${lock}, and nothing answers on the socket: a daemon that hangs, or one started elsewhere on this folder`,
          `wait a moment; then ${restart}, or find it: fuser ${lock}`,
        ),
      ];
    // What the next start would refuse is thrown here in the same words.
    readLaunchRecord(dir);
    const ends = await lastEnd(host, dir, "daemon");
    if (ends.length > 0) return ends;
    // The check of the identity tells of a folder that it has left.
    if (isEphemeral(dir)) return [];
    const up = `claudemesh daemon up --mesh ${slug}`;
    // It takes the file away when it stops in good order.
    if (readDaemonFile(dir) !== null)
      return [warning("the daemon was killed, or the machine lost its power; what it had answered is on disk", up)];
    return [warning("the daemon does not run", up)];
  },
};
