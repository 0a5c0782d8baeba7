import type { JoinAnswer, JoinRequest } from "../cli/launcher.ts";
import { readMeshFile } from "../daemon/identity/mesh-file.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { parseInvite } from "../protocol/invite.ts";
import { decide, httpNotice, requireEphemeral } from "./environment/decide.ts";
import { detectEnvironment } from "./environment/detect.ts";
import { systemReaders } from "./environment/readers.ts";
import { isEphemeral, removeEnded } from "./ephemeral/ended-folder.ts";
import { joinMesh, presentIn } from "./join-mesh.ts";
import { startDaemon, stopDaemon, waitForLink } from "./launch-daemon.ts";
import { joinEphemeral } from "./launch-ephemeral.ts";
import { readLaunchRecord, writeLaunchRecord } from "./launch-record.ts";

/** A difference of clocks that is worth a word. */
const skewNoticeSeconds = 60;

/** `join`, of a member of either kind. Call under the launch lock. */
export async function joinByInvite(request: JoinRequest): Promise<JoinAnswer> {
  removeEnded(request.home);
  const environment = detectEnvironment(systemReaders(process.env));
  const present = presentIn(request.home, parseInvite(request.link));
  const recorded = present === null ? null : readLaunchRecord(present.dir).http;
  const asked = { mode: request.mode, http: request.http ?? recorded };
  const { mode, decisions } = decide(environment, asked, present !== null && !isEphemeral(present.dir));
  requireEphemeral(mode, { ttlMs: request.ttlMs, invite: false });
  if (mode === "ephemeral") return joinEphemeral(request, { environment, decisions });
  if (present !== null) requireNotEphemeral(present.dir);
  const joined = await joinMesh({ ...request, stop: (dir) => stopDaemon(request.home, dir) });
  const record = readLaunchRecord(joined.dir);
  const http = request.http ?? record.http;
  const persistent = request.mode === "persistent" || record.persistent;
  if (http !== record.http || persistent !== record.persistent)
    writeLaunchRecord(joined.dir, { ...record, http, persistent });
  // A broker that ended this membership by mistake has admitted it again, and one at another address says for itself whether it is sent away.
  const daemon = await startDaemon(request.home, joined.dir, { http, readOnly: false, dial: true, decisions });
  const isLinked = await waitForLink(daemon.status);
  const exposed = httpNotice(environment, http);
  const skewSeconds = Math.round(Math.abs(joined.clockSkewMs) / 1_000);
  const notices = [
    ...(exposed === null ? [] : [exposed]),
    ...(isLinked ? [] : ["the daemon has not reached the broker yet; claudemesh doctor shows why"]),
    ...(skewSeconds > skewNoticeSeconds
      ? [`the clocks of this host and of the broker's differ by ${skewSeconds} s; times of messages will look odd`]
      : []),
  ];
  return {
    mesh: joined.slug,
    member: joined.mesh.member_name,
    address: `@${joined.mesh.member_name}`,
    broker_url: joined.mesh.broker_url,
    change: joined.change,
    daemon,
    notices,
  };
}

/** What runs in the place of the home's own member would be taken for it. */
export function requireNotEphemeral(dir: string): void {
  if (!isEphemeral(dir)) return;
  const { slug, member_name: name } = readMeshFile(dir);
  throw new ClaudemeshError("already_running", `this home's member of mesh ${slug}, @${name}, is ephemeral, and runs`, {
    hint: "end it first: claudemesh down; then claudemesh up --persistent",
  });
}
