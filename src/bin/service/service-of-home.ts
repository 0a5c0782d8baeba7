import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { InstallAnswer, InstallRequest } from "../../cli/launcher.ts";
import { daemonDirs } from "../../client/find-daemon.ts";
import { readBrokerConfig } from "../../broker/config.ts";
import { parseListen } from "../../protocol/listen-address.ts";
import { withLaunchLock } from "../detached-process.ts";
import { requireLasting } from "../environment/decide.ts";
import { detectEnvironment } from "../environment/detect.ts";
import { systemReaders } from "../environment/readers.ts";
import { isEphemeral } from "../ephemeral/ended-folder.ts";
import { brokerDir, brokerStatus, stopBroker } from "../launch-broker.ts";
import { daemonStatus, stopDaemon } from "../launch-daemon.ts";
import { readListenRecord } from "../listen-record.ts";
import { installServices, type ServiceHome } from "./install-service.ts";
import { type ServiceHost, thisHost } from "./service-host.ts";
import type { ServiceKind } from "./service-spec.ts";

const confirmMs = 10_000;
const lookIntervalMs = 100;
const lowPorts = 1_024;

/** Installs the services of a home on this machine, in place of what runs in the background there. */
export function installServiceOf(
  request: InstallRequest,
  host: ServiceHost = thisHost,
  deadlineMs = confirmMs,
): Promise<InstallAnswer> {
  if (!request.dryRun) requireLasting(detectEnvironment(systemReaders(process.env)), request.force);
  return installServices(request, host, serviceHome(request.home, deadlineMs));
}

function serviceHome(home: string, deadlineMs: number): ServiceHome {
  const lasting = () => daemonDirs(home).filter(({ dir }) => !isEphemeral(dir));
  const dirs = (mesh: string | null) => lasting().filter(({ slug }) => mesh === null || slug === mesh);
  return {
    meshes: lasting().map(({ slug }) => slug),
    hasBroker: existsSync(brokerDir(home)),
    broker: () => brokerNeeds(home),
    async stop(kinds, mesh) {
      // Nothing was ever started here; and root must not make a file in somebody's home which that one cannot open.
      if (!existsSync(join(home, "launch.lock"))) return [];
      return withLaunchLock(join(home, "launch.lock"), async () => {
        const stopped: string[] = [];
        for (const { slug, dir } of kinds.includes("daemon") ? dirs(mesh) : [])
          if (await stopDaemon(home, dir))
            stopped.push(`the daemon of ${slug} that ran is stopped; the service starts it`);
        if (kinds.includes("broker") && (await stopBroker(brokerDir(home))))
          stopped.push("the broker that ran is stopped; the service starts it");
        return stopped;
      });
    },
    confirm: (kinds, mesh) => confirm(home, kinds, kinds.includes("daemon") ? dirs(mesh) : [], deadlineMs),
  };
}

function brokerNeeds(home: string): ReturnType<ServiceHome["broker"]> {
  const dataDir = brokerDir(home);
  if (!existsSync(dataDir)) return { lowPort: false, writable: [] };
  const { expose, local_port } = readListenRecord(dataDir);
  const ports = [local_port ?? lowPorts, expose === null ? lowPorts : parseListen(expose, "--listen").port];
  const { files } = readBrokerConfig(join(dataDir, "config.toml"));
  const writable = files.directory === "" ? [] : [files.directory];
  return { lowPort: ports.some((port) => port > 0 && port < lowPorts), writable };
}

/** What answers within some seconds; what does not is told of, and may yet. */
async function confirm(
  home: string,
  kinds: readonly ServiceKind[],
  dirs: readonly { readonly slug: string; readonly dir: string }[],
  deadlineMs: number,
): Promise<Pick<InstallAnswer, "runs" | "notices">> {
  const deadline = Date.now() + deadlineMs;
  const runs: string[] = [];
  const notices: string[] = [];
  const look = async (what: string, find: () => Promise<string | null>): Promise<void> => {
    for (;;) {
      const found = await find();
      if (found !== null) return void runs.push(found);
      if (Date.now() >= deadline)
        return void notices.push(`${what} has not answered yet; claudemesh status and claudemesh logs show why`);
      await pause(lookIntervalMs);
    }
  };
  if (kinds.includes("broker"))
    await look("the broker", async () => {
      const { state, pid } = await brokerStatus(brokerDir(home));
      return state === "running" ? `the broker runs (pid ${pid ?? "?"})` : null;
    });
  for (const { slug, dir } of dirs)
    await look(`the daemon of ${slug}`, async () => {
      const { state, pid, address } = await daemonStatus(home, dir);
      return state === "running" ? `the daemon of ${slug} runs as ${address} (pid ${pid ?? "?"})` : null;
    });
  return { runs, notices };
}
