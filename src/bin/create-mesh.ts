import { existsSync } from "node:fs";
import { join } from "node:path";
import type { MeshCreated, MeshCreateRequest } from "../cli/launcher.ts";
import { makePrivateDirectory } from "../http/private-directory.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { joinBroker, localSlug } from "./join-broker.ts";
import { brokerDir, brokerStatus, startBroker } from "./launch-broker.ts";
import { startDaemon, stopDaemon, waitForLink } from "./launch-daemon.ts";
import { readLaunchRecord, writeLaunchRecord } from "./launch-record.ts";
import { atBrokerOf, otherBroker } from "./own-broker.ts";

/** Another mesh at a broker of this machine, founded by this home, and its daemon. */
export async function createMesh(request: MeshCreateRequest): Promise<MeshCreated> {
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
