import type { DaemonRunRequest } from "../cli/launcher.ts";
import { findDaemonDir } from "../client/find-daemon.ts";
import { decideReadOnly } from "./ended-membership.ts";
import { readLaunchRecord } from "./launch-record.ts";
import { runDaemonHere } from "./run-daemon-here.ts";
import { runSupervisor } from "./supervise/run-supervisor.ts";

/** What a service or a container runs: one daemon in this process, or all of a home as its children. Never returns. */
export async function runDaemons(request: DaemonRunRequest): Promise<never> {
  if (request.all) return runSupervisor(request);
  const { home, mesh, logTo, logLevel, settle } = request;
  const dir = findDaemonDir(home, mesh);
  const { http } = readLaunchRecord(dir);
  const readOnly = await decideReadOnly(dir);
  return runDaemonHere({ dir, http, readOnly, dial: "when_due", logTo, logLevel, settle });
}
