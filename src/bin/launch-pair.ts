import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type {
  BrokerStatus,
  DaemonStatus,
  Decision,
  HostStatus,
  Launcher,
  ListenRequest,
  MeshCreated,
  MeshCreateRequest,
  Reminted,
  RemintRequest,
  SetRequest,
  Started,
  UpAnswer,
  UpRequest,
} from "../cli/launcher.ts";
import type { HomeLife } from "../cli/home-life.ts";
import type { RecoverAnswer } from "../cli/recover-answer.ts";
import { daemonDirs, findDaemonDir } from "../client/find-daemon.ts";
import { decide, httpNotice, requireEphemeral } from "./environment/decide.ts";
import { detectEnvironment } from "./environment/detect.ts";
import { systemReaders } from "./environment/readers.ts";
import { isEphemeral, removeEnded, requirePersistent } from "./ephemeral/ended-folder.ts";
import { bringDown, statusOf } from "./bring-down.ts";
import { upEphemeral } from "./launch-ephemeral.ts";
import { joinByInvite, requireNotEphemeral } from "./launch-joined.ts";
import { readMeshFile } from "../daemon/identity/mesh-file.ts";
import { makePrivateDirectory } from "../http/private-directory.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { brokerOperator } from "./broker-operator.ts";
import { brokerConfigFile, daemonConfigFile } from "./config-files.ts";
import { withLaunchLock } from "./detached-process.ts";
import { joinBroker, localSlug } from "./join-broker.ts";
import { brokerDir, brokerStatus, startBroker } from "./launch-broker.ts";
import { daemonStatus, firstAttempt, startDaemon, stopDaemon, waitForLink } from "./launch-daemon.ts";
import { readLaunchRecord, writeLaunchRecord } from "./launch-record.ts";
import { listMeshes } from "./list-meshes.ts";
import { recordSets } from "./record-sets.ts";
import { checkSets, ofBroker } from "./setting-overrides.ts";
import { finishRemints, remint } from "./remint.ts";

/** A daemon that was away from its broker for long dials again by itself, later. */
const relinkTimeoutMs = 10_000;

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

function memberDir(home: string): string {
  return join(home, "daemon", localSlug);
}

/** With the home's own daemons on their links again, wherever that is now, so that the next command finds the broker. */
async function brokerUp(
  home: string,
  listen: ListenRequest | null,
  set: SetRequest = {},
): Promise<Started<BrokerStatus>> {
  const broker = await startBroker(brokerDir(home), listen, set);
  for (const { slug, dir } of daemonDirs(home)) {
    if (isEphemeral(dir)) continue;
    if (atBrokerOf(home, slug, dir) !== brokerDir(home)) continue;
    const before = await daemonStatus(home, dir);
    const moved = await followOwnBroker(home, slug, dir);
    if (before.state !== "running" || !(moved || broker.started)) continue;
    const again = moved ? (await startDaemon(home, dir, { http: readLaunchRecord(dir).http })).status : before;
    await waitForLink(again, relinkTimeoutMs);
  }
  return broker;
}

/** Data directory of the broker on this machine whose mesh a daemon's folder belongs to; null: it was joined by a link. */
export function atBrokerOf(home: string, slug: string, dir: string): string | null {
  return readLaunchRecord(dir).broker ?? (slug === localSlug ? brokerDir(home) : null);
}

/** Wherever the broker of this machine listens now, mesh.json says so. True when that changed. */
async function followOwnBroker(home: string, slug: string, dir: string): Promise<boolean> {
  const dataDir = atBrokerOf(home, slug, dir);
  if (dataDir === null || (await brokerStatus(dataDir)).state !== "running") return false;
  const role = dataDir === brokerDir(home) ? "owner" : "member";
  return (await joinBroker({ dir, dataDir, slug, name: null, role, stop: () => stopDaemon(home, dir) })).moved;
}

/** The pair, unless all that this home has are meshes that it has joined; with it, or alone, the daemons of those. */
async function up(request: UpRequest): Promise<UpAnswer> {
  removeEnded(request.home);
  const environment = detectEnvironment(systemReaders(process.env));
  const present = daemonDirs(request.home);
  const members = present.filter(({ dir }) => !isEphemeral(dir));
  const decided = decide(environment, request, members.length > 0);
  const { decisions } = decided;
  // Where an ephemeral member is all that there is, it is what is meant.
  const isMeant = request.mode === null && members.length === 0 && present.length > 0;
  const mode = isMeant ? "ephemeral" : decided.mode;
  requireEphemeral(mode, { ttlMs: request.ttlMs, invite: request.invite !== null });
  if (mode === "ephemeral") return upEphemeral(request, { environment, decisions, set: request.set });
  const answer = await upPersistent(request, members, decisions);
  const exposed = httpNotice(environment, answer.daemon.status.http_port !== null);
  return exposed === null ? answer : { ...answer, notices: [...answer.notices, exposed] };
}

async function upPersistent(
  request: UpRequest,
  members: readonly { readonly slug: string; readonly dir: string }[],
  decisions: readonly Decision[],
): Promise<UpAnswer> {
  requireNotEphemeral(memberDir(request.home));
  const joined = members.filter(({ slug }) => slug !== localSlug);
  const asksForPair = request.name !== null || request.broker !== null || request.listen !== null;
  const hasPair = existsSync(brokerDir(request.home)) || existsSync(join(memberDir(request.home), "mesh.json"));
  const { home, set = {} } = request;
  checkSets(set, ["daemon", "broker"]);
  const attempts: (() => Promise<void>)[] = [];
  const startJoined = async (): Promise<Started<DaemonStatus>[]> => {
    const started: Started<DaemonStatus>[] = [];
    for (const one of joined) {
      const daemon = await startJoinedDaemon(home, one, request.http, set);
      started.push(daemon);
      attempts.push(() => firstAttempt(home, one.dir, daemon));
    }
    return started;
  };
  if (joined.length === 0 || hasPair || asksForPair) {
    const pair = await upPair(request, decisions);
    attempts.push(() => firstAttempt(home, memberDir(home), pair.daemon));
    const others = await startJoined();
    await allTried(attempts);
    return { ...pair, others };
  }
  const [daemon, ...others] = await startJoined();
  if (daemon === undefined) throw new ClaudemeshError("internal", "a home with joined meshes has none");
  await allTried(attempts);
  return { broker: null, daemon, others, notices: [] };
}

/** Once everything is started, so that one daemon which its broker does not want keeps no other from its own. */
async function allTried(attempts: readonly (() => Promise<void>)[]): Promise<void> {
  const tried = await Promise.allSettled(attempts.map((attempt) => attempt()));
  for (const attempt of tried) if (attempt.status === "rejected") throw attempt.reason;
}

async function startJoinedDaemon(
  home: string,
  { slug, dir }: { readonly slug: string; readonly dir: string },
  http: boolean | null,
  set: SetRequest,
): Promise<Started<DaemonStatus>> {
  await followOwnBroker(home, slug, dir);
  await stopForSets(home, dir, set);
  const record = readLaunchRecord(dir);
  if (http !== null && http !== record.http) writeLaunchRecord(dir, { ...record, http });
  return startDaemon(home, dir, { http: http ?? record.http });
}

/** A daemon that runs by other settings than `--set` says is stopped. */
async function stopForSets(home: string, dir: string, set: SetRequest): Promise<void> {
  if (recordSets(dir, set)) await stopDaemon(home, dir);
}

/** `decisions`: of a member that is made now; one that is there has its own. */
async function upPair(request: UpRequest, decisions?: readonly Decision[]): Promise<Omit<UpAnswer, "others">> {
  const dir = memberDir(request.home);
  const record = readLaunchRecord(dir);
  const other = request.broker === null ? record.broker : otherBroker(request.home, request.broker);
  const isMember = existsSync(join(dir, "mesh.json"));
  const notices: string[] = [];
  if (other !== null && request.listen !== null) {
    throw new ClaudemeshError(
      "usage",
      "this home uses the broker of another one, so it cannot say where that listens",
      {
        hint: "run it in the broker's own home",
      },
    );
  }
  const { set = {} } = request;
  const broker = other === null ? await startBroker(brokerDir(request.home), request.listen, ofBroker(set)) : null;
  const runs = other === null || (await brokerStatus(other)).state === "running";
  if (runs) {
    makePrivateDirectory(join(request.home, "daemon"));
    const { handedIn } = await joinBroker({
      dir,
      dataDir: other ?? brokerDir(request.home),
      name: request.name,
      role: other === null ? "owner" : "member",
      stop: () => stopDaemon(request.home, dir),
    });
    if (handedIn > 0) notices.push(lostEntries(handedIn));
  } else if (isMember) {
    notices.push(`the broker in ${other} is not running; the daemon keeps what is sent until it is`);
  } else {
    throw new ClaudemeshError("not_running", `no broker runs in ${other}`, {
      hint: "start it from its own home first: CLAUDEMESH_HOME=DIR claudemesh up",
    });
  }
  const http = request.http ?? record.http;
  await stopForSets(request.home, dir, set);
  writeLaunchRecord(dir, {
    ...readLaunchRecord(dir),
    persistent: request.mode === "persistent" || record.persistent,
    http,
    broker: other,
  });
  const decided = decisions === undefined || isMember ? {} : { decisions };
  const daemon = await startDaemon(request.home, dir, { http, ...decided });
  if (daemon.started && runs) await waitForLink(daemon.status);
  else if (broker?.started === true) await waitForLink(daemon.status, relinkTimeoutMs);
  return { broker, daemon, notices };
}

/** An invite is an owner's to make, so a broker that was started alone gets its owner here. */
async function ensureOwner(home: string): Promise<{ started: boolean }> {
  const dir = memberDir(home);
  const isAlone = existsSync(brokerDir(home)) && !existsSync(join(dir, "mesh.json"));
  if (!isAlone) return { started: false };
  const request = { home, name: null, http: null, broker: null, listen: null, invite: null, ttlMs: null, mode: null };
  const { daemon } = await upPair(request);
  return { started: daemon.started };
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

/** Another mesh at a broker of this machine, founded by this home, and its daemon. */
async function createMesh(request: MeshCreateRequest): Promise<MeshCreated> {
  const { home, slug } = request;
  const dir = join(home, "daemon", slug);
  if (slug === localSlug)
    throw new ClaudemeshError("invalid_field", `${localSlug} is the name of the mesh that claudemesh up makes`, {
      hint: "choose another: claudemesh mesh create SLUG",
    });
  const dataDir = request.broker === null ? brokerDir(home) : (otherBroker(home, request.broker) ?? brokerDir(home));
  const present = existsSync(join(dir, "mesh.json"));
  if (present && atBrokerOf(home, slug, dir) !== dataDir)
    throw new ClaudemeshError("already_exists", `this home has a mesh called ${slug} already, at another broker`, {
      hint: "choose another name: claudemesh mesh create SLUG",
    });
  if (dataDir === brokerDir(home)) await startBroker(dataDir, null);
  else if ((await brokerStatus(dataDir)).state !== "running")
    throw new ClaudemeshError("not_running", `no broker runs in ${dataDir}`, {
      hint: "start it from its own home first: CLAUDEMESH_HOME=DIR claudemesh broker up",
    });
  makePrivateDirectory(join(home, "daemon"));
  makePrivateDirectory(dir);
  // Before mesh.json, which makes the folder a member's: without it the daemon would not follow its broker.
  writeLaunchRecord(dir, { ...readLaunchRecord(dir), broker: dataDir });
  const stop = () => stopDaemon(home, dir);
  await joinBroker({ dir, dataDir, slug, name: request.name, role: "owner", mustFound: true, stop });
  const daemon = await startDaemon(home, dir, { http: readLaunchRecord(dir).http });
  if (daemon.started) await waitForLink(daemon.status);
  return { mesh: slug, address: daemon.status.address, created: !present, daemon };
}

/** The daemon alone, online or not. */
async function daemonUp(request: {
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

async function recover(home: string, mesh: string | null): Promise<RecoverAnswer> {
  const dir = findDaemonDir(home, mesh);
  requirePersistent(dir);
  const { recoverDaemon } = await import("../daemon/recover/recover.ts");
  return { mesh: readMeshFile(dir).slug, ...recoverDaemon(dir, Date.now()) };
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

function lostEntries(count: number): string {
  const entries = count === 1 ? "the newest entry" : `the newest ${count} entries`;
  return `the broker had lost ${entries} of the mesh's membership, which this home has handed in again: was it put back from a backup?`;
}
