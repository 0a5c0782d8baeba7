import type { DaemonRunRequest } from "../cli/launcher.ts";
import { daemonDirs, findDaemonDir } from "../client/find-daemon.ts";
import { decideReadOnly } from "./ended-membership.ts";
import { readLaunchRecord } from "./launch-record.ts";
import { recordSets } from "./record-sets.ts";
import { runDaemonHere } from "./run-daemon-here.ts";
import { checkSets } from "./setting-overrides.ts";
import { runSupervisor } from "./supervise/run-supervisor.ts";

/** What a service or a container runs: one daemon in this process, or all of a home as its children. Never returns. */
export async function runDaemons(request: DaemonRunRequest): Promise<never> {
  const { home, mesh, logTo, logLevel, settle, set } = request;
  checkSets(set, ["daemon"]);
  const dirs = request.all ? daemonDirs(home).map(({ dir }) => dir) : [findDaemonDir(home, mesh)];
  for (const dir of dirs) recordSets(dir, set);
  const [dir] = dirs;
  if (request.all || dir === undefined) return runSupervisor(request);
  const { http, set: recorded } = readLaunchRecord(dir);
  const readOnly = await decideReadOnly(dir);
  return runDaemonHere({ dir, http, readOnly, dial: "when_due", logTo, logLevel, settle, set: recorded });
}
