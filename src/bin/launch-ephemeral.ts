import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type {
  BrokerStatus,
  DaemonStatus,
  Decision,
  JoinAnswer,
  JoinRequest,
  SetRequest,
  Started,
  UpAnswer,
  UpRequest,
} from "../cli/launcher.ts";
import { daemonDirs } from "../client/find-daemon.ts";
import { type MeshFile, writeMeshFile } from "../daemon/identity/mesh-file.ts";
import { makePrivateDirectory } from "../http/private-directory.ts";
import { checkName } from "../protocol/address.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { parseInvite } from "../protocol/invite.ts";
import { httpNotice } from "./environment/decide.ts";
import type { Environment } from "./environment/detect.ts";
import { isEphemeral, removeFolder } from "./ephemeral/ended-folder.ts";
import { ephemeralName } from "./ephemeral/ephemeral-name.ts";
import { type InMemory, joinBrokerInMemory, localSlug } from "./join-broker.ts";
import { joinMeshInMemory, presentIn } from "./join-mesh.ts";
import { brokerDir, brokerStatus, startBroker } from "./launch-broker.ts";
import { daemonStatus, firstAttempt, startDaemon, waitForLink } from "./launch-daemon.ts";
import { writeLaunchRecord } from "./launch-record.ts";
import { changedSets, checkSets } from "./setting-overrides.ts";

/** How an ephemeral daemon was decided on. */
export interface EphemeralStart {
  readonly environment: Environment;
  readonly decisions: readonly Decision[];
  /** Settings above the environment's; absent: none. */
  readonly set?: SetRequest | undefined;
}

const inviteVariable = "CLAUDEMESH_INVITE";

/**
 * `up` of an ephemeral member: of the mesh of an invite, or of `local` at a broker of this machine. One that runs already stays as it
 * is, so that every step of a job can begin with it. Call under the launch lock.
 */
export async function upEphemeral(request: UpRequest, start: EphemeralStart): Promise<UpAnswer> {
  const { home } = request;
  checkSets(start.set ?? {}, ["daemon"]);
  const link = request.invite ?? invited();
  if (link !== null && request.broker !== null)
    throw new ClaudemeshError("usage", "an invite names its broker, and --broker names one too", {
      hint: "leave one of the two out",
    });
  if (link !== null) {
    const joined = await joinEphemeral({ ...request, link, slug: null, signal: new AbortController().signal }, start);
    return { broker: null, daemon: joined.daemon, others: [], notices: joined.notices };
  }
  const dataDir = request.broker ?? (existsSync(brokerDir(home)) ? brokerDir(home) : null);
  const [running] = daemonDirs(home).filter(({ dir }) => isEphemeral(dir));
  if (dataDir === null && running !== undefined)
    return {
      broker: null,
      daemon: { started: false, status: await daemonStatus(home, running.dir) },
      others: [],
      notices: [],
    };
  if (dataDir === null)
    throw new ClaudemeshError("usage", "an ephemeral member needs a mesh to join, and none is named", {
      hint: `put an invite's link into ${inviteVariable}, or claudemesh up --ephemeral --invite LINK, or --broker DIR; to make a mesh here: claudemesh up --persistent`,
    });
  return upAtBroker(request, start, resolve(dataDir));
}

/** `join` of an ephemeral member. Call under the launch lock. */
export async function joinEphemeral(request: JoinRequest, start: EphemeralStart): Promise<JoinAnswer> {
  const { home, link, slug } = request;
  const present = presentIn(home, parseInvite(link));
  if (present !== null) {
    const status = await requireRunning(home, present, request.name);
    return { ...joinedAs(present.mesh), change: "none", daemon: { started: false, status }, notices: [] };
  }
  const name = request.name ?? ephemeralName(start.environment.kind === "ci");
  const joined = await joinMeshInMemory({ home, link, name, slug, signal: request.signal });
  const dir = join(home, "daemon", joined.slug);
  const { daemon, notices } = await startMember(request, start, { dir, member: joined.member, broker: null });
  return { ...joinedAs(joined.member.mesh), change: "admitted", daemon, notices };
}

async function upAtBroker(request: UpRequest, start: EphemeralStart, dataDir: string): Promise<UpAnswer> {
  const { home } = request;
  const dir = join(home, "daemon", localSlug);
  const present = daemonDirs(home).find(({ slug }) => slug === localSlug);
  if (present !== undefined) {
    const status = await requireRunning(home, { ...present, mesh: null }, request.name);
    return { broker: null, daemon: { started: false, status }, others: [], notices: [] };
  }
  const broker = await runningBroker(home, dataDir);
  const name = checkName(request.name ?? ephemeralName(start.environment.kind === "ci"), "member");
  const member = await joinBrokerInMemory({ dataDir, slug: localSlug, name });
  const { daemon, notices } = await startMember(request, start, { dir, member, broker: dataDir });
  return { broker, daemon, others: [], notices };
}

async function runningBroker(home: string, dataDir: string): Promise<Started<BrokerStatus> | null> {
  if (dataDir === resolve(brokerDir(home))) return startBroker(dataDir, null);
  if (existsSync(dataDir) && (await brokerStatus(dataDir)).state === "running") return null;
  throw new ClaudemeshError("not_running", `no broker runs in ${dataDir}`, {
    hint: "start it from its own home first: CLAUDEMESH_HOME=DIR claudemesh up",
  });
}

/** The folder as others find the daemon by, then its process, which alone has the keys. */
async function startMember(
  request: Pick<UpRequest, "home" | "http" | "ttlMs">,
  { environment, decisions, set = {} }: EphemeralStart,
  { dir, member, broker }: { readonly dir: string; readonly member: InMemory; readonly broker: string | null },
): Promise<{ readonly daemon: Started<DaemonStatus>; readonly notices: readonly string[] }> {
  const { home, ttlMs } = request;
  const http = request.http === true;
  if (existsSync(join(dir, "keypair.json")))
    throw new ClaudemeshError("already_exists", `${dir} has keys of a member that was not made to its end`, {
      hint: "finish that with claudemesh up --persistent, or take another home: CLAUDEMESH_HOME=DIR",
    });
  makePrivateDirectory(join(home, "daemon"));
  makePrivateDirectory(dir);
  try {
    writeLaunchRecord(dir, {
      persistent: false,
      http,
      readOnly: false,
      broker,
      decisions,
      set: changedSets("daemon", {}, set),
    });
    writeMeshFile(dir, member.mesh);
    const { keypair, chain } = member;
    const daemon = await startDaemon(home, dir, { http, dial: true, handedOver: { keypair, chain, ttlMs } });
    const isLinked = await waitForLink(daemon.status);
    if (!isLinked) await firstAttempt(home, dir, daemon);
    const exposed = httpNotice(environment, http);
    return {
      daemon,
      notices: [
        ...(exposed === null ? [] : [exposed]),
        ...(isLinked ? [] : ["the daemon has not reached the broker yet; claudemesh doctor shows why"]),
      ],
    };
  } catch (thrown) {
    // Without its process nothing here is of any use; one that ended by itself has left its last words, which were thrown.
    if (existsSync(dir) && (await daemonStatus(home, dir)).state === "stopped") removeFolder(dir);
    throw thrown;
  }
}

/** What stands where the member would: a running ephemeral one is it. Throws already_exists for any other. */
async function requireRunning(
  home: string,
  { slug, dir, mesh }: { readonly slug: string; readonly dir: string; readonly mesh: MeshFile | null },
  name: string | null,
): Promise<DaemonStatus> {
  const status = await daemonStatus(home, dir);
  const isOther = name !== null && name.toLowerCase() !== status.member;
  if (isEphemeral(dir) && !isOther) return status;
  throw new ClaudemeshError(
    "already_exists",
    `this home is ${status.address} in mesh ${slug} already${mesh === null || isEphemeral(dir) ? "" : ", and keeps its keys"}`,
    { hint: "give the ephemeral member a home of its own: CLAUDEMESH_HOME=DIR claudemesh up --ephemeral" },
  );
}

function joinedAs({ slug, member_name: member, broker_url }: MeshFile) {
  return { mesh: slug, member, address: `@${member}`, broker_url };
}

/** The link in the environment; null: there is none. A job that does not get its secrets has an empty one. */
function invited(): string | null {
  const link = process.env[inviteVariable];
  if (link === undefined) return null;
  if (link.trim() !== "") return link.trim();
  throw new ClaudemeshError("usage", `${inviteVariable} is set and empty`, {
    hint: "does this job get the secret that holds the invite? Else unset it",
  });
}
