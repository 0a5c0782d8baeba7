import type { SetRequest, UpAnswer } from "../cli/launcher.ts";
import { findDaemonDir } from "../client/find-daemon.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { isEphemeral, removeEnded } from "./ephemeral/ended-folder.ts";
import { daemonStatus, firstAttempt, startDaemon, stopDaemon } from "./launch-daemon.ts";
import { readLaunchRecord, writeLaunchRecord } from "./launch-record.ts";
import { recordSets } from "./record-sets.ts";
import { checkSets } from "./setting-overrides.ts";

/** The daemon alone, online or not. */
export async function daemonUp(request: {
  readonly home: string;
  readonly mesh: string | null;
  readonly http: boolean | null;
  readonly readOnly: boolean | null;
  readonly dial?: boolean;
  readonly set?: SetRequest;
}): Promise<UpAnswer["daemon"]> {
  removeEnded(request.home);
  const dir = findDaemonDir(request.home, request.mesh);
  const { dial = false, set = {} } = request;
  if (isEphemeral(dir) && (request.readOnly !== null || dial || Object.keys(set).length > 0))
    throw new ClaudemeshError("usage", "this daemon is ephemeral: to start it anew would be the end of its keys", {
      hint: "it dials its broker by itself; claudemesh doctor",
    });
  checkSets(set, ["daemon"]);
  await stopForSets(request.home, dir, set);
  if (dial && (await daemonStatus(request.home, dir)).link?.state === "waiting") await stopDaemon(request.home, dir);
  if (request.readOnly !== null && request.readOnly !== readLaunchRecord(dir).readOnly)
    await stopDaemon(request.home, dir);
  const record = readLaunchRecord(dir);
  const http = request.http ?? record.http;
  if (http !== record.http) writeLaunchRecord(dir, { ...record, http });
  const daemon = await startDaemon(request.home, dir, { http, readOnly: request.readOnly, dial });
  await firstAttempt(request.home, dir, daemon);
  return daemon;
}

/** A daemon that runs by other settings than `--set` says is stopped. */
export async function stopForSets(home: string, dir: string, set: SetRequest): Promise<void> {
  if (recordSets(dir, set)) await stopDaemon(home, dir);
}
