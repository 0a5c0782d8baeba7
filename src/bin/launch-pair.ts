import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DownAnswer, HostStatus, Launcher, UpAnswer, UpRequest } from "../cli/launcher.ts";
import { daemonDirs } from "../client/find-daemon.ts";
import { makePrivateDirectory } from "../daemon/identity/private-file.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { withLaunchLock } from "./detached-process.ts";
import { joinBroker, localSlug } from "./join-broker.ts";
import { brokerDir, brokerStatus, startBroker, stopBroker } from "./launch-broker.ts";
import { daemonStatus, startDaemon, stopDaemon } from "./launch-daemon.ts";
import { readLaunchRecord, writeLaunchRecord } from "./launch-record.ts";

/** Starts, stops and looks at the processes of a home: the embedded broker and the daemon of mesh `local`. */
export const launcher: Launcher = {
  up: (request) => inHome(request.home, () => up(request)),
  daemonUp: (request) => inHome(request.home, () => daemonUp(request)),
  brokerUp: (home) => inHome(home, () => startBroker(brokerDir(home))),
  down: (home, what) =>
    existsSync(home) ? inHome(home, () => down(home, what)) : Promise.resolve({ daemons: [], broker: null }),
  async status(home): Promise<HostStatus> {
    const dirs = daemonDirs(home);
    const [broker, ...daemons] = await Promise.all([
      brokerStatus(brokerDir(home)),
      ...dirs.map(({ dir }) => daemonStatus(home, dir)),
    ]);
    return { daemons, broker };
  },
};

function inHome<T>(home: string, work: () => Promise<T>): Promise<T> {
  makePrivateDirectory(home);
  return withLaunchLock(join(home, "launch.lock"), work);
}

function memberDir(home: string): string {
  return join(home, "daemon", localSlug);
}

async function up(request: UpRequest): Promise<UpAnswer> {
  const dir = memberDir(request.home);
  const record = readLaunchRecord(dir);
  const other = request.broker === null ? record.broker : otherBroker(request.home, request.broker);
  const isMember = existsSync(join(dir, "mesh.json"));
  const notices: string[] = [];
  const broker = other === null ? await startBroker(brokerDir(request.home)) : null;
  if (other === null || (await brokerStatus(other)).state === "running") {
    makePrivateDirectory(join(request.home, "daemon"));
    await joinBroker({
      dir,
      dataDir: other ?? brokerDir(request.home),
      name: request.name,
      role: other === null ? "owner" : "member",
    });
  } else if (isMember) {
    notices.push(`the broker in ${other} is not running; the daemon keeps what is sent until it is`);
  } else {
    throw new ClaudemeshError("not_running", `no broker runs in ${other}`, {
      hint: "start it from its own home first: CLAUDEMESH_HOME=DIR claudemesh up",
    });
  }
  const http = request.http ?? record.http;
  writeLaunchRecord(dir, { persistent: request.persistent || record.persistent, http, broker: other });
  return {
    broker,
    daemon: await startDaemon(request.home, dir, { http: request.http === false ? false : http }),
    notices,
  };
}

/** The daemon alone, online or not. */
async function daemonUp(request: {
  readonly home: string;
  readonly mesh: string | null;
  readonly http: boolean | null;
}): Promise<UpAnswer["daemon"]> {
  const slug = request.mesh ?? localSlug;
  const found = daemonDirs(request.home).find((known) => known.slug === slug);
  if (found === undefined)
    throw new ClaudemeshError("not_running", `${request.home} has no member of mesh ${slug} yet`, {
      hint: "claudemesh up makes one",
    });
  const record = readLaunchRecord(found.dir);
  const http = request.http ?? record.http;
  if (http !== record.http) writeLaunchRecord(found.dir, { ...record, http });
  return startDaemon(request.home, found.dir, { http });
}

/** The daemons first, so that they hand over what the broker can still take. */
async function down(
  home: string,
  what: { readonly daemons: boolean; readonly broker: boolean; readonly mesh: string | null },
): Promise<DownAnswer> {
  const dirs = what.daemons ? daemonDirs(home).filter(({ slug }) => what.mesh === null || slug === what.mesh) : [];
  const daemons = [];
  for (const { slug, dir } of dirs) daemons.push({ mesh: slug, stopped: await stopDaemon(home, dir) });
  const dataDir = brokerDir(home);
  const broker = what.broker && existsSync(dataDir) ? { stopped: await stopBroker(dataDir) } : null;
  return { daemons, broker };
}

/** Two homes would otherwise run one member each in the wrong roles: a home that has a broker uses its own. */
function otherBroker(home: string, given: string): string | null {
  const dataDir = resolve(given);
  if (dataDir === resolve(brokerDir(home))) return null;
  if (!existsSync(dataDir)) {
    throw new ClaudemeshError("usage", `--broker ${given}: there is no such directory`, {
      hint: "name the data directory of another home's broker; `claudemesh status` in that home shows it",
    });
  }
  return dataDir;
}
