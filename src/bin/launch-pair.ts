import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DaemonStatus, Decision, SetRequest, Started, UpAnswer, UpRequest } from "../cli/launcher.ts";
import { daemonDirs } from "../client/find-daemon.ts";
import { makePrivateDirectory } from "../http/private-directory.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { stopForSets } from "./daemon-up.ts";
import { decide, httpNotice, requireEphemeral } from "./environment/decide.ts";
import { detectEnvironment } from "./environment/detect.ts";
import { systemReaders } from "./environment/readers.ts";
import { isEphemeral, removeEnded } from "./ephemeral/ended-folder.ts";
import { joinBroker, localSlug } from "./join-broker.ts";
import { brokerDir, brokerStatus, startBroker } from "./launch-broker.ts";
import { firstAttempt, startDaemon, stopDaemon, waitForLink } from "./launch-daemon.ts";
import { upEphemeral } from "./launch-ephemeral.ts";
import { requireNotEphemeral } from "./launch-joined.ts";
import { readLaunchRecord, writeLaunchRecord } from "./launch-record.ts";
import { followOwnBroker, otherBroker, relinkTimeoutMs } from "./own-broker.ts";
import { checkSets, ofBroker } from "./setting-overrides.ts";

function memberDir(home: string): string {
  return join(home, "daemon", localSlug);
}

/** The pair, unless all that this home has are meshes that it has joined; with it, or alone, the daemons of those. */
export async function up(request: UpRequest): Promise<UpAnswer> {
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
export async function ensureOwner(home: string): Promise<{ started: boolean }> {
  const dir = memberDir(home);
  const isAlone = existsSync(brokerDir(home)) && !existsSync(join(dir, "mesh.json"));
  if (!isAlone) return { started: false };
  const request = { home, name: null, http: null, broker: null, listen: null, invite: null, ttlMs: null, mode: null };
  const { daemon } = await upPair(request);
  return { started: daemon.started };
}

function lostEntries(count: number): string {
  const entries = count === 1 ? "the newest entry" : `the newest ${count} entries`;
  return `the broker had lost ${entries} of the mesh's membership, which this home has handed in again: was it put back from a backup?`;
}
