import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { inspectDatabase } from "../../base/inspect-database.ts";
import type { RemovalPlan } from "../../cli/home-life.ts";
import { plural } from "../../cli/plural.ts";
import { readKeypair } from "../../daemon/identity/keypair.ts";
import { readMeshFile } from "../../daemon/identity/mesh-file.ts";
import { activeMember, activeMembers } from "../../protocol/membership/state.ts";
import { adminClient } from "../admin-client.ts";
import { readFounders } from "../founders.ts";
import { brokerDir } from "../launch-broker.ts";
import { atBrokerOf } from "../own-broker.ts";
import { pinnedChain } from "../mesh-chain.ts";

const outboxMigrations = fileURLToPath(new URL("../../../migrations/daemon/outbox", import.meta.url));
const askTimeoutMs = 2_000;

/** A mesh's folder that is to go. */
export interface MeshFolder {
  readonly slug: string;
  readonly dir: string;
}

/** What a folder says of its member, as far as it can be read: a damaged one can be removed as well. */
interface Standing {
  readonly meshId: string | null;
  readonly name: string | null;
  /** It is an active member, and the only owner. */
  readonly isLastOwner: boolean;
  /** Active ones beside it. */
  readonly others: number;
  /** Messages that have not gone out. */
  readonly unsent: number;
}

/** What would be lost with these folders, and with this home's own broker when `broker` says so. Reads alone. */
export async function planRemoval(
  home: string,
  folders: readonly MeshFolder[],
  options: { readonly broker: boolean },
): Promise<RemovalPlan> {
  const hasBroker = existsSync(brokerDir(home));
  const standings = folders.map((folder) => ({ ...folder, ...standingOf(folder.dir) }));
  const objections = standings.flatMap((one) => objectionsTo(one, isServedHere(home, one), options.broker));
  if (options.broker && hasBroker) objections.push(...(await foreignMeshes(home, standings)));
  return {
    members: standings.map(({ slug, name }) =>
      name === null ? `the member of mesh ${slug}` : `@${name} in mesh ${slug}`,
    ),
    broker: options.broker && hasBroker,
    objections,
  };
}

/** By this home's own broker. */
export function isServedHere(home: string, { slug, dir }: MeshFolder): boolean {
  const broker = whatever(() => atBrokerOf(home, slug, dir));
  return broker !== null && resolve(broker) === resolve(brokerDir(home)) && existsSync(broker);
}

function objectionsTo(
  { slug, name, isLastOwner, others, unsent }: MeshFolder & Standing,
  isHere: boolean,
  brokerGoes: boolean,
): string[] {
  const objections: string[] = [];
  const who = name === null ? `the member of mesh ${slug}` : `@${name}`;
  if (isHere && brokerGoes && others > 0)
    objections.push(`${plural(others, "other member")} of mesh ${slug} would lose their broker, which is this home's`);
  else if (isLastOwner && others > 0)
    objections.push(
      `${who} is the only owner of mesh ${slug}: nobody could invite or end a member any more; make another one first: claudemesh member role @NAME owner`,
    );
  else if (isLastOwner && isHere && !brokerGoes)
    objections.push(
      `this home's broker would keep mesh ${slug} without an owner; claudemesh reset --all removes it too`,
    );
  if (unsent > 0)
    objections.push(
      `${plural(unsent, "message")} of ${who} in mesh ${slug} ${unsent === 1 ? "has" : "have"} not been sent yet`,
    );
  return objections;
}

/** Meshes that this home's broker serves for homes of others: their founders, or nobody that is known here. */
async function foreignMeshes(home: string, own: readonly Standing[]): Promise<string[]> {
  const dataDir = brokerDir(home);
  const ours = new Set(own.map(({ meshId }) => meshId));
  const founded = Object.keys(whatever(() => readFounders(dataDir)) ?? {});
  const served = await adminClient(dataDir)
    .meshes(askTimeoutMs)
    .catch(() => []);
  const foreign = new Map(founded.map((meshId) => [meshId, null as string | null]));
  for (const { mesh_id, slug } of served) foreign.set(mesh_id, slug);
  for (const meshId of ours) if (meshId !== null) foreign.delete(meshId);
  return [...foreign].map(([meshId, slug]) =>
    slug === null
      ? `this home's broker serves mesh ${meshId.slice(0, 8)}…, which another home founded`
      : `this home's broker serves mesh ${slug}, of which this home is no member`,
  );
}

function standingOf(dir: string): Standing {
  const mesh = whatever(() => readMeshFile(dir));
  const memberId = whatever(() => readKeypair(dir).memberId);
  const state = mesh === null ? null : whatever(() => pinnedChain(dir, mesh.mesh_id)?.state ?? null);
  const member = state === null || memberId === null ? null : activeMember(state, memberId);
  const active = state === null ? [] : activeMembers(state);
  const counts =
    whatever(() => inspectDatabase(join(dir, "outbox.db"), outboxMigrations, "outbox.status"))?.counts ?? {};
  return {
    meshId: mesh?.mesh_id ?? null,
    name: member?.name ?? mesh?.member_name ?? null,
    isLastOwner: member?.role === "owner" && active.filter(({ role }) => role === "owner").length === 1,
    others: member === null ? 0 : active.length - 1,
    unsent: (counts["pending"] ?? 0) + (counts["inflight"] ?? 0),
  };
}

/** null where it cannot be read: what is damaged speaks against nothing. */
function whatever<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
