import { existsSync } from "node:fs";
import { join } from "node:path";
import type { HomeLife } from "../cli/home-life.ts";
import type { HostStatus, Launcher, Reminted, RemintRequest } from "../cli/launcher.ts";
import type { RecoverAnswer } from "../cli/recover-answer.ts";
import { daemonDirs, findDaemonDir } from "../client/find-daemon.ts";
import { readMeshFile } from "../daemon/identity/mesh-file.ts";
import { makePrivateDirectory } from "../http/private-directory.ts";
import { bringDown, statusOf } from "./bring-down.ts";
import { brokerOperator } from "./broker-operator.ts";
import { brokerConfigFile, daemonConfigFile } from "./config-files.ts";
import { createMesh } from "./create-mesh.ts";
import { daemonUp } from "./daemon-up.ts";
import { withLaunchLock } from "./detached-process.ts";
import { brokerDir, brokerStatus } from "./launch-broker.ts";
import { startDaemon, stopDaemon, waitForLink } from "./launch-daemon.ts";
import { joinByInvite } from "./launch-joined.ts";
import { ensureOwner, up } from "./launch-pair.ts";
import { readLaunchRecord } from "./launch-record.ts";
import { listMeshes } from "./list-meshes.ts";
import { atBrokerOf, brokerUp } from "./own-broker.ts";
import { requirePersistent } from "./ephemeral/ended-folder.ts";
import { finishRemints, remint } from "./remint.ts";

/** Starts, stops and looks at the processes of a home: the embedded broker, and the daemon of each of its meshes. */
export const launcher: Launcher = {
  up: (request) => inHome(request.home, () => up(request)),
  daemonUp: (request) => inHome(request.home, () => daemonUp(request)),
  brokerUp: (home, listen, set) => inHome(home, () => brokerUp(home, listen, set)),
  brokerRun: async (home, listen, logLevel, settle = false, set = {}) => {
    makePrivateDirectory(home);
    return (await import("./run-in-foreground.ts")).runInForeground(brokerDir(home), listen, { logLevel, settle, set });
  },
  daemonRun: async (request) => (await import("./run-daemons.ts")).runDaemons(request),
  installService: async (request) => (await import("./service/service-of-home.ts")).installServiceOf(request),
  uninstallService: async (request) => (await import("./service/uninstall-service.ts")).uninstallServices(request),
  join: (request) => inHome(request.home, () => joinByInvite(request)),
  meshCreate: (request) => inHome(request.home, () => createMesh(request)),
  meshes: (home) => listMeshes(home),
  ensureOwner: (home) => inHome(home, () => ensureOwner(home)),
  acceptHost: (home, meshes) => inHome(home, async () => (await import("./accept-hosts.ts")).acceptHosts(home, meshes)),
  remint: (request) => inHome(request.home, () => remintMember(request)),
  down: (home, what) =>
    existsSync(home) ? inHome(home, () => bringDown(home, what)) : Promise.resolve({ daemons: [], broker: null }),
  async status(home): Promise<HostStatus> {
    const dirs = daemonDirs(home);
    const [broker, ...daemons] = await Promise.all([
      brokerStatus(brokerDir(home)),
      ...dirs.map(({ dir }) => statusOf(home, dir)),
    ]);
    return { daemons: daemons.filter((daemon) => daemon !== null), broker };
  },
  configFile: (dir, of) => (of === "daemon" ? daemonConfigFile(dir) : brokerConfigFile(dir)),
  operator: brokerOperator,
  recover: (home, mesh) => inHome(home, () => recover(home, mesh)),
  backup: async (request) => (await homeLife()).backup(request),
  restore: async (request) => (await homeLife()).restore(request),
  resetPlan: async (request) => (await homeLife()).resetPlan(request),
  reset: async (request) => (await homeLife()).reset(request),
  uninstallPlan: async (home) => (await homeLife()).uninstallPlan(home),
  uninstall: async (request) => (await homeLife()).uninstall(request),
  installAgent: async (request) => (await import("./agent-install/install-agent.ts")).installAgent(request),
  uninstallAgent: async (request) => (await import("./agent-install/install-agent.ts")).uninstallAgent(request),
  doctor: async (home) => (await import("./doctor/doctor.ts")).doctor(home),
};

/** Loaded by the few commands that need it. */
async function homeLife(): Promise<HomeLife> {
  return (await import("./home-life/home-life.ts")).homeLife;
}

function inHome<T>(home: string, work: () => Promise<T>): Promise<T> {
  makePrivateDirectory(home);
  return withLaunchLock(join(home, "launch.lock"), () => {
    finishRemints(home);
    return work();
  });
}

async function recover(home: string, mesh: string | null): Promise<RecoverAnswer> {
  const dir = findDaemonDir(home, mesh);
  requirePersistent(dir);
  const { recoverDaemon } = await import("../daemon/recover/recover.ts");
  return { mesh: readMeshFile(dir).slug, ...recoverDaemon(dir, Date.now()) };
}

async function remintMember(request: RemintRequest): Promise<Reminted> {
  const { home, mesh: slug } = request;
  const dir = join(home, "daemon", slug);
  const brokerDir = existsSync(join(dir, "mesh.json")) ? atBrokerOf(home, slug, dir) : null;
  const made = await remint(request, { brokerDir, stop: () => stopDaemon(home, dir) });
  const daemon = await startDaemon(home, dir, { http: readLaunchRecord(dir).http });
  if (daemon.started) await waitForLink(daemon.status);
  return { ...made, daemon };
}
