import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { RemovalPlan, Uninstalled, UninstallRequest } from "../../cli/home-life.ts";
import { connect } from "../../client/connect.ts";
import { daemonDirs } from "../../client/find-daemon.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isEphemeral } from "../ephemeral/ended-folder.ts";
import { hasEnded } from "../ended-membership.ts";
import { installRecordsName, readInstallRecords } from "../agent-install/install-records.ts";
import { brokerDir, stopBroker } from "../launch-broker.ts";
import { firstAttempt, startDaemon, waitForLink } from "../launch-daemon.ts";
import { readLaunchRecord } from "../launch-record.ts";
import { isServedHere, type MeshFolder, planRemoval } from "./removal-plan.ts";
import { removeWhole } from "./remove-whole.ts";
import { isSupervised } from "../supervise/supervisor-lock.ts";
import { type ServiceHost, thisHost } from "../service/service-host.ts";
import { uninstallServices } from "../service/uninstall-service.ts";
import { stopForRemoval } from "./stop-for-removal.ts";

/** What claudemesh makes in a home: nothing else is ever removed. */
const ownFolders = ["daemon", "broker", "set-aside", "ended", "service", "restore.tmp", "wakes"];
const ownFiles =
  /^((launch|supervisor)\.lock(-journal)?|supervisor(-[\d-]+)?\.log|service-.*\.err|\.supervisor-log-files)$/;

export function planUninstall(home: string): Promise<RemovalPlan> {
  return planRemoval(home, daemonDirs(home), { broker: true });
}

/** Ends everything that a home has begun. Call under the launch lock, which goes last. Can be repeated after a kill at any point. */
export async function uninstallHome(request: UninstallRequest, host: ServiceHost = thisHost): Promise<Uninstalled> {
  const { home, force, progress } = request;
  progress("removing services");
  // First of all: what they run would be started again.
  const services = await uninstallServices({ home }, host);
  if (isSupervised(home))
    throw new ClaudemeshError("already_running", `claudemesh daemon run --all looks after the daemons of ${home}`, {
      hint: "end it where it runs, then: claudemesh uninstall --yes",
    });
  const folders = daemonDirs(home);
  const left: string[] = [];
  const notLeft: { mesh: string; reason: string }[] = [];
  for (const folder of folders) {
    // With its broker, the mesh itself ends; and an ephemeral member leaves when its daemon is stopped.
    if (isServedHere(home, folder) || isEphemeral(folder.dir)) continue;
    progress(`leaving mesh ${folder.slug}`);
    const reason = await leave(home, folder, request.signal);
    if (reason === null) left.push(folder.slug);
    else if (reason !== ended) notLeft.push({ mesh: folder.slug, reason });
  }
  if (notLeft.length > 0 && !force)
    throw new ClaudemeshError(
      "not_allowed",
      `nothing was removed, since ${notLeft.map(({ mesh, reason }) => `mesh ${mesh} could not be left: ${reason}`).join("; ")}`,
      {
        hint: "try again when its broker is in reach, or go on and stay a member there: claudemesh uninstall --yes --force",
      },
    );
  for (const folder of folders) await stopForRemoval(home, folder);
  if (existsSync(brokerDir(home))) await stopBroker(brokerDir(home));
  removeWhole(
    home,
    ownFolders.map((name) => join(home, name)),
  );
  const agents = Object.entries(readInstallRecords(home)).map(([path, { kind, scope }]) => ({ kind, scope, path }));
  if (agents.length === 0) rmSync(join(home, installRecordsName), { force: true });
  return {
    home,
    services: services.map(({ path }) => path),
    left,
    not_left: notLeft,
    agents,
    remains: removeHome(home),
  };
}

const ended = "its membership has ended already";

/** null: it has left. Else why it has not. */
async function leave(home: string, { dir }: MeshFolder, signal: AbortSignal): Promise<string | null> {
  try {
    if (hasEnded(dir)) return ended;
    const started = await startDaemon(home, dir, { http: readLaunchRecord(dir).http, dial: true });
    await firstAttempt(home, dir, started);
    const client = connect({ socketPath: started.status.socket });
    try {
      const { link } = await client.health({ signal });
      if (link.state === "waiting" || !(await waitForLink(started.status)))
        return `its broker is not in reach: ${link.last_error ?? "no answer"}`;
      await client.membership.leave({ signal });
      return null;
    } finally {
      client.close();
    }
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return ClaudemeshError.from(thrown).message;
  }
}

/** Names of what stays: a folder that CLAUDEMESH_HOME names may hold more than claudemesh has made. */
function removeHome(home: string): readonly string[] {
  for (const name of readdirSync(home)) if (ownFiles.test(name)) rmSync(join(home, name), { force: true });
  const remains = readdirSync(home);
  if (remains.length > 0) return remains;
  try {
    rmdirSync(home);
    return [];
  } catch {
    // A link to a folder, or the folder that another file system stands in.
    return ["."];
  }
}
